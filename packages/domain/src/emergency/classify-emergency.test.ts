import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { UriFacts } from "../routing/decision.ts";
import type { EmergencyNumber } from "../topology/emergency-plan.ts";
import { classifyEmergency, classifyEmergencyNumber, indexEmergencyNumbers } from "./classify-emergency.ts";

const numbers: readonly EmergencyNumber[] = [
  { dial: "911", masks: ["112", "999"], test: false },
  { dial: "933", masks: [], test: true },
];
const index = indexEmergencyNumbers(numbers);

function uri(scheme: UriFacts["scheme"], user: string, phoneContext: string | null = null): UriFacts {
  return { scheme, user, host: "tandem.example", phoneContext };
}

function classify(of: UriFacts, priority: string | null = null) {
  return classifyEmergency(of, priority, index, ["9"]);
}

describe("what is an emergency call", () => {
  test.each([
    ["the dial string", uri("sip", "911"), "911"],
    ["with + (as some cores write it)", uri("sip", "+911"), "911"],
    ["after the external access prefix", uri("sip", "9911"), "911"],
    ["after + and the access prefix", uri("sip", "+9911"), "911"],
    ["a mask", uri("sip", "112"), "911"],
    ["a mask after the access prefix", uri("sip", "9112"), "911"],
    ["a mask with +", uri("sip", "+999"), "911"],
    ["with phone-context", uri("sip", "911", "dialplan.example"), "911"],
    ["with phone-context left in the user part", uri("sip", "911;phone-context=dialplan.example"), "911"],
    ["a tel URI", uri("tel", "911"), "911"],
    ["a tel URI with phone-context", uri("tel", "911", "+1"), "911"],
    ["visual separators", uri("tel", "9-1-1"), "911"],
    [
      "where the host should be: no host name is all digits (RFC 3261 §25.1)",
      { ...uri("sip", ""), host: "911" },
      "911",
    ],
    ["a SIPS URI", uri("sips", "911"), "911"],
    ["the service URN", uri("urn", "urn:service:sos"), "911"],
    ["the service URN with a parameter", uri("urn", "urn:service:sos;x"), "911"],
    ["the service URN with a q-component", uri("urn", "urn:service:sos?x"), "911"],
    ["the service URN with a fragment", uri("urn", "urn:service:sos#x"), "911"],
    ["a child service", uri("urn", "urn:service:sos.fire"), "911"],
    ["a grandchild service", uri("urn", "urn:service:sos.ecall.manual"), "911"],
    ["the service URN in capitals (RFC 5031 §4.2)", uri("urn", "URN:SERVICE:SOS"), "911"],
    ["the service without its scheme", uri("urn", "service:sos"), "911"],
  ])("%s", (_, of, number) => {
    expect(classify(of)).toMatchObject({ kind: "emergency", test: false, number });
  });

  test.each([
    ["a number that ends in 911", uri("sip", "+12129119110")],
    ["a number that holds 911", uri("sip", "+12129115555")],
    ["a number that begins with 911", uri("sip", "9115550100")],
    ["9 and a number that begins with 112", uri("sip", "91125550100")],
    ["the access prefix twice", uri("sip", "99911")],
    ["an extension", uri("sip", "2911")],
    ["a name", uri("sip", "emergency")],
    ["another service", uri("urn", "urn:service:counseling")],
    ["a service whose name only begins alike", uri("urn", "urn:service:sosx")],
    ["another scheme", uri("other", "911")],
    ["nothing", uri("sip", "")],
    ["an address without a user, though its digits are the number", { ...uri("sip", ""), host: "9.9.1.1" }],
    ["a host of another number", { ...uri("sip", ""), host: "912" }],
    ["a host of that number beside a user", { ...uri("sip", "2911"), host: "911" }],
  ])("%s is none", (_, of) => {
    expect(classify(of)).toEqual({ kind: "ordinary" });
  });

  test.each([
    ["933", uri("sip", "933")],
    ["933 after the access prefix", uri("sip", "9933")],
    ["the test service (RFC 6881 ED-77)", uri("urn", "urn:service:test.sos")],
    ["its child", uri("urn", "urn:service:test.sos.fire")],
  ])("%s is a test call to 933", (_, of) => {
    expect(classify(of)).toMatchObject({ kind: "emergency", test: true, number: "933" });
  });

  test("the service asked for is kept, in lower case", () => {
    expect(classify(uri("urn", "urn:service:SOS.Fire"))).toMatchObject({ service: "urn:service:sos.fire" });
    expect(classify(uri("sip", "112"))).toMatchObject({ service: "urn:service:sos" });
    expect(classify(uri("sip", "933"))).toMatchObject({ service: "urn:service:test.sos" });
  });

  test("Priority: emergency makes no other number an emergency call", () => {
    expect(classify(uri("sip", "+12125550100"), "emergency")).toEqual({ kind: "ordinary" });
  });

  test("Priority: emergency brings in 911 and 112 where the topology does not list them", () => {
    const elsewhere = indexEmergencyNumbers([{ dial: "000", masks: [], test: false }]);
    expect(classifyEmergency(uri("sip", "112"), null, elsewhere, [])).toEqual({ kind: "ordinary" });
    expect(classifyEmergency(uri("sip", "112"), "Emergency", elsewhere, [])).toMatchObject({ number: "112" });
  });

  test("without an access prefix 9911 is an ordinary number", () => {
    expect(classifyEmergency(uri("sip", "9911"), null, index, [])).toEqual({ kind: "ordinary" });
    expect(classifyEmergency(uri("sip", "9911"), null, index, [""])).toEqual({ kind: "ordinary" });
  });

  test("a bare number counts with and without +", () => {
    expect(classifyEmergencyNumber("+911", index)).toMatchObject({ number: "911" });
    expect(classifyEmergencyNumber("112", index)).toMatchObject({ number: "911" });
    expect(classifyEmergencyNumber("9911", index)).toEqual({ kind: "ordinary" });
  });

  test("no number but the listed ones, whatever stands around them", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("9", "1", "2", "3"), maxLength: 6 }), (user) => {
        const listed = /^9?(?:911|112|999|933)$/.test(user);
        expect(classify(uri("sip", user)).kind).toBe(listed ? "emergency" : "ordinary");
      }),
      { numRuns: 3000 },
    );
  });
});

describe("several services", () => {
  const table = indexEmergencyNumbers([
    { dial: "112", masks: [], test: false },
    { dial: "17", masks: [], test: false, service: "urn:service:sos.police" },
    { dial: "18", masks: [], test: false, service: "urn:service:sos.fire" },
  ]);

  test.each([
    ["a service with a number of its own", "urn:service:sos.fire", "18"],
    ["a child falls back to its parent (RFC 5031 §3)", "urn:service:sos.police.municipal", "17"],
    ["a service without a number takes the general one", "urn:service:sos.marine", "112"],
    ["the general service", "urn:service:sos", "112"],
  ])("%s", (_, service, number) => {
    expect(classifyEmergency(uri("urn", service), null, table, [])).toMatchObject({ service, number });
  });

  test("a short number stands for its service", () => {
    expect(classifyEmergency(uri("sip", "18"), null, table, [])).toMatchObject({ service: "urn:service:sos.fire" });
  });

  test("a test service without a test number has no number to dial", () => {
    expect(classifyEmergency(uri("urn", "urn:service:test.sos"), null, table, [])).toMatchObject({ number: null });
  });

  test("the service URN is an emergency call even when no number is listed", () => {
    expect(classifyEmergency(uri("urn", "urn:service:sos"), null, indexEmergencyNumbers([]), [])).toMatchObject({
      number: "911",
    });
  });
});

test("a mask that is also a test number stays a real emergency number", () => {
  const both = indexEmergencyNumbers([
    { dial: "933", masks: ["911"], test: true },
    { dial: "911", masks: [], test: false },
  ]);
  expect(classifyEmergencyNumber("911", both)).toMatchObject({ test: false });
});
