import {
  blankPreparation,
  compileSnapshot,
  defaultLocationPolicy,
  err,
  ok,
  type EmergencyPlan,
  type EmergencyPreparation,
  type Failure,
  type PidfReader,
  type Result,
} from "@tandem/domain";
import { buildRequest, formatMultipart, type HeaderLine } from "@tandem/sip";
import { beforeEach, describe, expect, test } from "vitest";
import type { FoundLocation, LocationQuestion } from "../ports/index.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { fakeHash, FakeTelemetry } from "../testing/fake-process.ts";
import { arriving, requestFrom } from "../testing/sample-messages.ts";
import { sampleTopology } from "../testing/sample-topology.ts";
import { identityStep } from "./identity-step.ts";
import { conveyedStep, locateStep } from "./location-steps.ts";
import { prepareEmergency, type EmergencyCase, type PreparationPorts } from "./prepare-emergency.ts";
import { requestFacts } from "./request-facts.ts";

const emergency: EmergencyPlan = {
  ...sampleTopology.emergency,
  sites: [
    { name: "hq", subnets: ["192.0.2.0/24"], policy: null, erl: "hq-erl", location: { country: "US", a3: "Albany" } },
  ],
  erls: [{ name: "hq-erl", elins: ["+12125550111"], location: { country: "US", a3: "Troy" } }],
  provider: { organization: "Example", id: null, contact: "tel:+12125550199", fqdn: "tandem.example.com" },
  lis: { secondary: { url: "http://lis.example/held", timeoutMs: 500 } },
};

const readPidf: PidfReader = (octets) =>
  octets.startsWith("pidf ")
    ? { method: octets.slice(5) || null, civic: { nam: "111-222-3333" }, geodetic: false, position: null }
    : null;

let clock: FakeClock;
let telemetry: FakeTelemetry;
let questions: LocationQuestion[];
let found: () => Promise<Result<FoundLocation | null, Failure>>;

beforeEach(() => {
  clock = new FakeClock();
  telemetry = new FakeTelemetry();
  questions = [];
  found = () => Promise.resolve(ok(null));
});

interface Sketch {
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
  readonly from?: string;
  readonly site?: string | null;
  readonly plan?: EmergencyPlan;
  readonly stranger?: boolean;
  readonly elin?: boolean;
  readonly policy?: string;
  readonly conference?: "local";
  readonly readPidf?: PidfReader;
  /** How long the preparation may take. Default: no time at all. */
  readonly patienceMs?: number;
}

async function prepare(sketch: Sketch = {}): Promise<EmergencyPreparation> {
  const compiled = compileSnapshot({ ...sampleTopology, emergency: sketch.plan ?? emergency });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  const body = sketch.body ?? "";
  const message = requestFrom({
    uri: "sip:911@192.0.2.1",
    ...(sketch.from === undefined ? {} : { from: sketch.from }),
    ...(body === "" ? {} : { body: " " }),
    headers: sketch.headers ?? [],
  });
  const request = arriving(body === "" ? message : withBody(message, body));
  const facts = {
    ...requestFacts(request, sketch.stranger === true ? null : (compiled.value.trunks.get("core") ?? null), {
      callId: "abcdefghijklmnopqrstuvwxyz",
      plan: compiled.value.emergency.plan,
    }),
    callerAddress: "192.0.2.77",
  };
  const incident = {
    callId: "abcdefghijklmnopqrstuvwxyz",
    request,
    facts,
    decision: {
      ...blankPreparation,
      kind: "emergency",
      site: sketch.site === undefined ? "hq" : sketch.site,
      policy: sketch.policy ?? null,
    },
    attempts: sketch.elin === true ? [{ emergency: { kind: "elin" } }] : [],
    snapshot: compiled.value,
  } as unknown as EmergencyCase;
  const ports: PreparationPorts = {
    locations: {
      locate: (question) => {
        questions.push(question);
        return found();
      },
    },
    known: {} as PreparationPorts["known"],
    clock,
    telemetry,
    hash: fakeHash,
    readPidf: sketch.readPidf ?? readPidf,
    unguessable: () => "unguessable1",
  };
  let made: EmergencyPreparation | null = null;
  void prepareEmergency(incident, ports, [identityStep, conveyedStep, locateStep]).then((done) => (made = done));
  await clock.advance(sketch.patienceMs ?? 0);
  if (made === null) throw new Error("the preparation takes longer");
  return made;
}

function withBody(message: ReturnType<typeof requestFrom>, body: string): ReturnType<typeof requestFrom> {
  const headers = message.headers.map(([name, value]): HeaderLine =>
    name === "Content-Type" ? [name, "multipart/mixed;boundary=b"] : [name, value],
  );
  return buildRequest({ method: "INVITE", uri: message.uri, headers, body });
}

const pidfPart = (text: string): string =>
  formatMultipart([{ headers: [["Content-Type", "application/pidf+xml"]], body: text }], "b");

describe("the location of an emergency call", () => {
  test("one that the request brings is kept; nobody is asked", async () => {
    const made = await prepare({ body: pidfPart("pidf LIS") });
    expect(made).toMatchObject({ location: { kind: "value", method: "LIS" }, addedLocation: null, erl: "hq-erl" });
    expect(made.elins).toEqual(["+11112223333"]);
    expect(made.place).toEqual({ source: "request", civic: { nam: "111-222-3333" }, position: null, references: [] });
    expect(questions).toEqual([]);
  });

  describe("a conference that the provider is to set up", () => {
    const conference = { uri: "sip:+12125550123@desk.example", mode: "twoway", by: "provider", trunk: null } as const;
    const policies = [{ ...defaultLocationPolicy, name: "hq", conference }];
    const plan = { ...emergency, policies };
    const extension =
      '<msftE911PidfExtn xmlns="urn:schema:Rtc.LIS.msftE911PidfExtn.2008">' +
      "<ConferenceUri>sip:+12125550123@desk.example</ConferenceUri><ConferenceMode>twoway</ConferenceMode></msftE911PidfExtn>";

    test("stands in the location that we add", async () => {
      expect((await prepare({ plan, policy: "hq" })).addedLocation).toContain(extension);
    });

    test("stands in a document of ours beside the caller's own, with the same address and method", async () => {
      const made = await prepare({ plan, policy: "hq", body: pidfPart("pidf LIS") });
      expect(made.location).toEqual({ kind: "value", method: "LIS" });
      expect(made.addedLocation).toContain(`<gp:method>LIS</gp:method>${extension}`);
      expect(made.addedLocation).toContain("<ca:NAM>111-222-3333</ca:NAM>");
    });

    test.each<[string, Sketch]>([
      ["no policy asks for one", { body: pidfPart("pidf LIS") }],
      ["we set it up", { body: pidfPart("pidf LIS"), policy: "hq", conference: "local" }],
      [
        "there is no address that could be said again",
        { headers: [["Geolocation", "<https://lis.example.com/1>"]], policy: "hq" },
      ],
    ])("is not handed over: %s", async (_, { conference: by, ...sketch }) => {
      const local = { ...conference, mode: "oneway", by: "local", trunk: "pstn-1" } as const;
      const own = policies.map((each) => ({ ...each, conference: by === "local" ? local : conference }));
      const changed = { ...emergency, policies: own, mediaRelays: ["203.0.113.20:22222"] };
      expect((await prepare({ ...sketch, plan: changed })).addedLocation).toBeNull();
    });
  });

  test("a reference is a location, and is not fetched", async () => {
    const made = await prepare({ headers: [["Geolocation", "<https://lis.example.com/1>"]] });
    expect(made).toMatchObject({ location: { kind: "reference", method: null }, addedLocation: null });
    expect(made.place).toMatchObject({ source: "request", civic: null, references: ["https://lis.example.com/1"] });
    expect(questions).toEqual([]);
  });

  test("none: the location database is asked by everything that is known of the caller", async () => {
    found = () =>
      Promise.resolve(
        ok({
          address: { country: "US", a3: "Utica" },
          source: "database",
          method: "LIS",
          erl: "row-erl",
          elins: ["+12125550122"],
        }),
      );
    const made = await prepare({
      headers: [
        ["P-Access-Network-Info", "IEEE-802.11;i-wlan-node-id=0a1b2c3d4e5f"],
        ["P-Access-Network-Info", 'IEEE-802.3;eth-location="SW1|7";np'],
        ["P-Asserted-Identity", "<tel:+12125550188>"],
      ],
    });
    expect(questions).toEqual([
      {
        caller: {
          bssid: "0a1b2c3d4e5f",
          chassis: "SW1",
          port: "7",
          address: "192.0.2.77",
          numbers: ["+12125550188", "+12025550100"],
        },
        secondary: { url: "http://lis.example/held", timeoutMs: 500 },
      },
    ]);
    expect(made).toMatchObject({ location: { kind: "lis", method: "LIS" }, erl: "row-erl", elins: ["+12125550122"] });
    expect(made.place).toMatchObject({ source: "database", civic: { country: "US", a3: "Utica" } });
    expect(made.addedLocation).toContain("<gp:method>LIS</gp:method>");
    expect(made.addedLocation).toContain("<ca:A3>Utica</ca:A3>");
  });

  test.each<[string, Sketch]>([
    ["missing", {}],
    ["broken", { body: pidfPart("<presence") }],
    ["a cid that names nothing", { headers: [["Geolocation", "<cid:nothing@x>"]] }],
  ])("%s, and nobody knows: the default of the caller's site (A16)", async (_, sketch) => {
    const made = await prepare(sketch);
    expect(made.location).toEqual({ kind: "site-default", method: "Default" });
    expect(made.place).toMatchObject({ source: "site", civic: { a3: "Albany" } });
    expect(made.addedLocation).toContain("<gp:method>Default</gp:method><gp:provided-by>");
    expect(made.addedLocation).toContain("<ca:A3>Albany</ca:A3>");
    expect(made.addedLocation).toContain('entity="sip:%2B12025550100@tandem.example.com"');
  });

  test("a site without an address of its own has that of its ERL", async () => {
    const sites = emergency.sites.map((site) => ({ ...site, location: null }));
    const made = await prepare({ plan: { ...emergency, sites } });
    expect(made.addedLocation).toContain("<ca:A3>Troy</ca:A3>");
    expect(made.place).toMatchObject({ source: "erl", civic: { a3: "Troy" } });
  });

  test("an unknown site has none, and the call goes on", async () => {
    const made = await prepare({ site: null });
    expect(made).toMatchObject({ location: { kind: "none" }, place: null, addedLocation: null, erl: null });
  });

  test("sources that fail leave the default in place, with a count", async () => {
    found = () => Promise.resolve(err({ code: "location-unavailable", detail: "away" }));
    expect(await prepare()).toMatchObject({ location: { kind: "site-default" } });
    expect(telemetry.emergencyTold).toContain("preparation failed location");
  });

  test("sources that never answer cost 550 ms at the most (B17)", async () => {
    found = () => new Promise(() => undefined);
    const made = await prepare({ patienceMs: 550 });
    expect(made).toMatchObject({ location: { kind: "site-default" } });
    expect(telemetry.emergencyTold).toEqual(["preparation failed location"]);
  });

  test("a fault in reading costs the location and nothing else", async () => {
    const made = await prepare({
      body: pidfPart("pidf LIS"),
      readPidf: () => {
        throw new Error("fault");
      },
    });
    expect(made.callIdentifier).toContain("urn:emergency:uid:callid:");
    expect(telemetry.emergencyTold).toContain("preparation failed location");
  });

  test("an ELIN trunk, and no ELIN known: the database is asked for it though the request brings its location", async () => {
    found = () =>
      Promise.resolve(
        ok({ address: { a3: "Utica" }, source: "database", method: "LIS", erl: "row-erl", elins: ["+12125550122"] }),
      );
    const made = await prepare({ headers: [["Geolocation", "<https://lis.example.com/1>"]], site: null, elin: true });
    expect(made).toMatchObject({ location: { kind: "reference" }, addedLocation: null, erl: "row-erl" });
    expect(made.place).toMatchObject({ source: "request", civic: null });
    expect(made.elins).toEqual(["+12125550122"]);
    expect(questions).toMatchObject([{ secondary: null }]);
  });
});

describe("who calls, and what the call is called", () => {
  const anonymous = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=x';
  const asserted: HeaderLine = ["P-Asserted-Identity", "<sip:+12125550188@core.example>"];

  test.each<[string, Sketch, string]>([
    ["the number of From", {}, "+12025550100"],
    [
      "the asserted number, whatever privacy was asked (A19)",
      { from: anonymous, headers: [asserted, ["Privacy", "id"]] },
      "+12125550188",
    ],
    ["a stranger asserts nothing", { stranger: true, headers: [asserted] }, "+12025550100"],
    ["nothing is known", { from: anonymous }, "anonymous"],
  ])("%s", async (_, sketch, number) => {
    expect((await prepare(sketch)).callbackNumber).toBe(number);
  });

  test("identifiers are made of the call's own, once and for all", async () => {
    expect(await prepare()).toMatchObject({
      callIdentifier: "urn:emergency:uid:callid:abcdefghijklmnopqrstuvwxyz:tandem.example.com",
      sourceIdentifier: "unguessable1",
    });
    expect((await prepare()).incidentIdentifier).toMatch(
      /^urn:emergency:uid:incidentid:[a-z0-9]{10,32}:tandem\.example\.com$/,
    );
  });

  test("identifiers of the request stay", async () => {
    const info: HeaderLine = ["Call-Info", "<urn:nena:uid:callid:a1:x>;purpose=nena-CallId"];
    expect((await prepare({ headers: [info] })).callIdentifier).toBe("urn:nena:uid:callid:a1:x");
  });
});
