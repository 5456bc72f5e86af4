import type { HeaderLine } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import type { LegProfile } from "../../src/index.ts";
import { ANSWER, CallRig, plan, profile, type InviteOptions } from "./call-rig.ts";
import { outgoing, towards } from "./sent-invite.ts";

describe("addresses of the INVITE", () => {
  it.each<[string, InviteOptions, Partial<ReturnType<typeof plan>>, { uri?: string; from?: string; to?: string }]>([
    [
      "the translated numbers replace the dialled ones",
      {},
      { calledNumber: "12065550199", callingNumber: "2065550100" },
      {
        uri: "sip:12065550199@first.peer.example;user=phone",
        from: '"Alice" <sip:2065550100@tandem.example>',
        to: "<sip:12065550199@first.peer.example;user=phone>",
      },
    ],
    [
      "an unchanged number keeps its parameters and escapes",
      { uri: "sip:911;phone-context=corp@tandem.example;transport=tcp;user=phone" },
      { calledNumber: "911" },
      { uri: "sip:911;phone-context=corp@first.peer.example;user=phone" },
    ],
    [
      "tel: becomes sip: with user=phone",
      { uri: "tel:+12065550199", to: "<tel:+12065550199>", from: "<tel:+12065550100>;tag=tag-of-caller" },
      {},
      {
        uri: "sip:+12065550199@first.peer.example;user=phone",
        from: "<sip:+12065550100@tandem.example;user=phone>",
        to: "<sip:+12065550199@first.peer.example;user=phone>",
      },
    ],
    [
      "a service URN stays a URN",
      { uri: "urn:service:sos", to: "<urn:service:sos>" },
      { calledNumber: "urn:service:sos" },
      { uri: "urn:service:sos", to: "<urn:service:sos>" },
    ],
    [
      "# is escaped in a user part",
      { uri: "sip:*21%23@tandem.example" },
      { calledNumber: "*22#" },
      { uri: "sip:*22%23@first.peer.example" },
    ],
    [
      "To of a diverted call keeps its user",
      { to: '"Old" <sip:+12065550555@caller.secret.example;transport=tcp>' },
      {},
      { to: '"Old" <sip:+12065550555@first.peer.example>' },
    ],
    [
      "withheld without another number: anonymous (RFC 3323)",
      {},
      { suppressCallerId: true, callingNumber: "" },
      { from: '"Anonymous" <sip:anonymous@anonymous.invalid>' },
    ],
    [
      "withheld with another number: that one, without the name",
      {},
      { suppressCallerId: true, callingNumber: "+12065550000" },
      { from: "<sip:+12065550000@tandem.example>" },
    ],
    [
      "an anonymous caller stays anonymous",
      { from: '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=tag-of-caller' },
      { callingNumber: "" },
      { from: '"Anonymous" <sip:anonymous@anonymous.invalid>' },
    ],
    [
      "IPv6 of the peer keeps its brackets and port",
      {},
      { profile: profile("first", { peerHost: "[2001:db8::1]:5062", contactHost: "[2001:db8::2]:5060" }) },
      { uri: "sip:+12065550199@[2001:db8::1]:5062;user=phone", from: '"Alice" <sip:+12065550100@[2001:db8::2]>' },
    ],
    [
      "sips stays sips where the leg is TLS",
      { uri: "sips:+12065550199@tandem.example" },
      { profile: profile("first", { transport: "tls" }) },
      { uri: "sips:+12065550199@first.peer.example" },
    ],
    [
      "sips becomes sip where the leg is not",
      { uri: "sips:+12065550199@tandem.example" },
      {},
      { uri: "sip:+12065550199@first.peer.example" },
    ],
  ])("%s", (_, options, change, expected) => {
    const request = outgoing({ ...options, attempts: [plan("first", change)] });
    if (expected.uri !== undefined) expect(request.uri).toBe(expected.uri);
    if (expected.from !== undefined) expect(request.get("From")?.replace(/;tag=[^;]*/, "")).toBe(expected.from);
    if (expected.to !== undefined) expect(request.get("To")).toBe(expected.to);
  });

  it("a withheld number is nowhere: From, Contact, identity headers; Privacy asks for it", () => {
    const request = outgoing({
      headers: [["P-Asserted-Identity", "<sip:+12065550100@id.example>"]],
      attempts: [
        plan("first", {
          suppressCallerId: true,
          callingNumber: "",
          profile: profile("first", { forwardPai: true, trusted: true }),
        }),
      ],
    });
    expect(request.get("Privacy")).toBe("id");
    expect(JSON.stringify(request.headers)).not.toContain("+12065550100");
  });

  it("an emergency call shows the caller's number although the route withholds it", () => {
    const request = outgoing({
      emergency: { service: "urn:service:sos", test: false },
      attempts: [plan("first", { suppressCallerId: true })],
    });
    expect(request.get("From")).toContain("+12065550100");
  });

  it.each<[LegProfile["transport"], string]>([
    ["udp", "<sip:+12065550100@tandem.example:5060>"],
    ["tcp", "<sip:+12065550100@tandem.example:5060;transport=tcp>"],
    ["tls", "<sip:+12065550100@tandem.example:5060;transport=tls>"],
  ])("Contact on %s", (transport, contact) => {
    expect(outgoing({ attempts: towards({ transport }) }).get("Contact")).toBe(contact);
  });
});

describe("route sets (RFC 3261 §12)", () => {
  const routes: readonly HeaderLine[] = [
    ["Record-Route", "<sip:p1.example;lr>, <sip:p2.example;lr>"],
    ["Record-Route", "<sip:p3.example;lr>"],
  ];

  it("towards the caller: Record-Route in order, and repeated in what makes the dialog", () => {
    const rig = new CallRig();
    rig.invite({ headers: routes });
    rig.answer(rig.sent("INVITE"), 180);
    expect(rig.responded().response.getAll("Record-Route")).toEqual([
      "<sip:p1.example;lr>",
      "<sip:p2.example;lr>",
      "<sip:p3.example;lr>",
    ]);
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.fromCaller("ACK", 100);
    rig.fromCallee("BYE", 1);
    expect(rig.sent("BYE").request.getAll("Route")).toEqual([
      "<sip:p1.example;lr>",
      "<sip:p2.example;lr>",
      "<sip:p3.example;lr>",
    ]);
  });

  it("towards the called side: in reverse order", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER, headers: routes });
    rig.fromCaller("ACK", 100);
    expect(rig.sent("ACK").request.getAll("Route")).toEqual([
      "<sip:p3.example;lr>",
      "<sip:p2.example;lr>",
      "<sip:p1.example;lr>",
    ]);
    expect(rig.sent("ACK").request.uri).toBe("sip:bob@callee.secret.example:5080");
  });

  it("RFC 3261 §12.2.1.1: a strict router gets the request in its own name, the target last in Route", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 200, {
      body: ANSWER,
      headers: [["Record-Route", "<sip:strict.example;flow=192.0.2.1:5060>"]],
    });
    rig.fromCaller("ACK", 100);
    expect(rig.sent("ACK").request.uri).toBe("sip:strict.example;flow=192.0.2.1:5060");
    // RFC 3261 §8.1.2: it is sent there and not to its Route; `flow` is a word between worker and edge, no peer's.
    expect(rig.sent("ACK").nextHop).toBe("sip:strict.example");
    expect(rig.sent("ACK").request.getAll("Route")).toEqual(["<sip:bob@callee.secret.example:5080>"]);
  });
});
