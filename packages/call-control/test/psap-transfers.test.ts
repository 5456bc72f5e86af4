import type { Topology } from "@tandem/domain";
import { bodyLeaves, formatMultipart, withHeaders, type SipMessage } from "@tandem/sip";
import { describe, expect, test } from "vitest";
import type { FoundLocation } from "../src/ports/index.ts";
import {
  answerTo,
  arriving,
  FakeWorld,
  last,
  OFFER,
  requestFrom,
  sampleTopology,
  settle,
  type FakeWorker,
  type SentRequest,
} from "../src/testing/index.ts";

/** An ESInet whose call takers may transfer to another one by dialling 911, and to the public network if `rights` say so. */
function topology({ location = "pass", rights = [] }: SosSettings = {}): Topology {
  const trunks = sampleTopology.trunks.map((trunk) => {
    const emergency = { ...trunk.settings.emergency, profile: "i3" as const, location };
    const ofSos = trunk.name === "sos" && { emergency, usages: rights };
    const settings = { ...trunk.settings, refer: "act" as const, ...ofSos };
    return { ...trunk, settings };
  });
  return { ...sampleTopology, trunks };
}

interface SosSettings {
  readonly location?: "pass" | "strip";
  readonly rights?: readonly string[];
}

const PIDF = `<?xml version="1.0"?>\r\n<presence xmlns="urn:ietf:params:xml:ns:pidf"  entity='sip:a@b'>\r\n \u00c3\u00a9 </presence>\r\n`;

/** Octets that nobody would write twice the same way. */
function withLocation(request: SipMessage): SipMessage {
  const body = formatMultipart(
    [
      {
        headers: [
          ["Content-Type", "application/pidf+xml"],
          ["Content-ID", "<here@phone>"],
        ],
        body: PIDF,
      },
      { headers: [["Content-Type", "application/sdp"]], body: OFFER },
    ],
    "b",
  );
  return withHeaders(requestFrom({ uri: request.uri, body }), (headers) => {
    headers.set("Content-Type", "multipart/mixed;boundary=b");
    headers.set("Geolocation", ["<cid:here@phone> ; a=1", "<https://lis.example/x>"]).set("Geolocation-Routing", "no");
  });
}

interface Standing {
  readonly first: SentRequest;
}

/** A 911 call that a call taker has answered. */
async function answered(world: FakeWorld, worker: FakeWorker, request: SipMessage): Promise<Standing> {
  const arrived = arriving(request);
  worker.engine.onRequest(arrived);
  await world.clock.advance(1);
  const first = last(worker.sip.requests("INVITE"));
  first.answer(answerTo(first.message, 200, "psap"));
  await settle();
  const ok = worker.sip.responseTo(arrived.transaction.id);
  worker.engine.onRequest(arriving(requestFrom({ method: "ACK", to: ok.get("To") ?? "", body: "" })));
  await world.clock.advance(100);
  return { first };
}

/** The call taker transfers to the next one, by whichever worker; gives the INVITE that this one gets. */
async function transferred(
  world: FakeWorld,
  worker: FakeWorker,
  { first }: Standing,
  target = "sip:911@192.0.2.1",
): Promise<SipMessage> {
  const before = worker.sip.requests("INVITE").length;
  const refer = requestFrom({
    method: "REFER",
    cseq: 50,
    from: `${first.message.get("To") ?? ""};tag=psap`,
    to: first.message.get("From") ?? "",
    callId: first.message.get("Call-ID") ?? "",
    body: "",
    headers: [["Refer-To", `<${target}>`]],
  });
  worker.engine.onRequest(arriving(refer, { listener: "outside" }));
  await settle();
  for (const notify of worker.sip.requests("NOTIFY")) notify.answer(answerTo(notify.message, 200));
  await world.clock.advance(1);
  expect(worker.sip.requests("INVITE").length).toBeGreaterThan(before);
  return last(worker.sip.requests("INVITE")).message;
}

const pidfs = (message: SipMessage) =>
  bodyLeaves(message)
    .filter(({ mediaType }) => mediaType === "application/pidf+xml")
    .map((leaf) => [leaf.get("Content-ID"), leaf.body]);
const named = (message: SipMessage, ...names: string[]) =>
  message.headers.filter(([name]) => names.includes(name)).map(([, value]) => value);
const identifiers = (message: SipMessage) =>
  named(message, "Call-Info").filter((value) => /purpose=emergency-(?:CallId|IncidentId)/.test(value));

/** A location service that knows the caller, and how often it was asked. */
function service(world: FakeWorld) {
  const asked: string[] = [];
  const found: FoundLocation = {
    address: { country: "US", a1: "NY", room: "317" },
    source: "database",
    method: "Wiremap",
    erl: null,
    elins: [],
  };
  world.locations = {
    locate: () => {
      asked.push("asked");
      return Promise.resolve({ ok: true, value: found });
    },
  };
  return asked;
}

describe("a call taker who transfers an emergency call to another one", () => {
  test("the next one is told what the caller told, to the octet, under the same names", async () => {
    const world = new FakeWorld(topology());
    const asked = service(world);
    const [worker, other] = [await world.worker(), await world.worker()];
    const request = withHeaders(withLocation(requestFrom({ uri: "sip:911@192.0.2.1" })), (headers) => {
      headers.set("P-Asserted-Identity", "<sip:+12025550177@192.0.2.10>");
    });
    const call = await answered(world, worker, request);
    await world.clock.advance(60_000);
    asked.length = 0;
    const next = await transferred(world, other, call);
    expect(next.uri).toBe(call.first.message.uri);
    expect(asked).toEqual([]);
    expect(pidfs(next)).toEqual([["<here@phone>", PIDF]]);
    expect(named(next, "Geolocation", "Geolocation-Routing")).toEqual([
      "<cid:here@phone> ; a=1",
      "<https://lis.example/x>",
      "no",
    ]);
    expect(bodyLeaves(next).map(({ mediaType }) => mediaType)).toContain("application/sdp");
    expect(identifiers(call.first.message)).toHaveLength(2);
    expect(identifiers(next)).toEqual(identifiers(call.first.message));
    expect(next.get("P-Asserted-Identity")).toContain("+12025550177");
    expect(named(next, "Content-Type")).toHaveLength(1);
  });

  test("what a location service said is told again, to the octet, and it is not asked again", async () => {
    const world = new FakeWorld(topology());
    const asked = service(world);
    const [worker, other] = [await world.worker(), await world.worker()];
    const call = await answered(world, worker, requestFrom({ uri: "sip:911@192.0.2.1" }));
    expect(asked).toHaveLength(1);
    await world.clock.advance(60_000);
    const next = await transferred(world, other, call);
    expect(asked).toHaveLength(1);
    expect(pidfs(call.first.message)).toHaveLength(1);
    expect(pidfs(next)).toEqual(pidfs(call.first.message));
    expect(named(next, "Geolocation")).toEqual(named(call.first.message, "Geolocation"));
  });

  test("of a caller whom nobody knew then it is asked again where he is", async () => {
    const world = new FakeWorld(topology());
    const worker = await world.worker();
    const call = await answered(world, worker, requestFrom({ uri: "sip:911@192.0.2.1" }));
    expect(pidfs(call.first.message)).toEqual([]);
    const asked = service(world);
    const next = await transferred(world, await world.worker(), call);
    expect(asked).toHaveLength(1);
    expect(pidfs(next)).toHaveLength(1);
  });
});

describe("a call taker who transfers an emergency call to somebody with an ordinary number", () => {
  const HOSPITAL = "sip:+12065550111@hospital.example";

  async function standing(settings: SosSettings, request = withLocation(requestFrom({ uri: "sip:911@192.0.2.1" }))) {
    const world = new FakeWorld(topology(settings));
    service(world);
    const worker = await world.worker();
    return { world, worker, call: await answered(world, worker, request) };
  }

  test("by an ESInet's trunk: that one is told what the caller told, to the octet, and nobody is to route by it", async () => {
    const { world, worker, call } = await standing({});
    const next = await transferred(world, worker, call, HOSPITAL);
    expect(next.uri).toBe(HOSPITAL);
    expect(pidfs(next)).toEqual([["<here@phone>", PIDF]]);
    expect(named(next, "Geolocation", "Geolocation-Routing")).toEqual([
      "<cid:here@phone> ; a=1",
      "<https://lis.example/x>",
    ]);
    expect(bodyLeaves(next).map(({ mediaType }) => mediaType)).toEqual(["application/sdp", "application/pidf+xml"]);
    expect(named(next, "Content-Type")).toHaveLength(1);
  });

  test("by an ESInet's trunk: what a location service said goes along, too", async () => {
    const { world, worker, call } = await standing({}, requestFrom({ uri: "sip:911@192.0.2.1" }));
    const next = await transferred(world, worker, call, HOSPITAL);
    expect(pidfs(call.first.message)).toHaveLength(1);
    expect(pidfs(next).map(([, body]) => body)).toEqual(pidfs(call.first.message).map(([, body]) => body));
    expect(named(next, "Geolocation")).toHaveLength(1);
    expect(named(next, "Geolocation-Routing")).toEqual([]);
  });

  test.each<[string, SosSettings]>([
    ["by a trunk to the public network", { rights: ["out"] }],
    ["by a trunk that takes the place out", { location: "strip" }],
  ])("%s no place goes along", async (_what, settings) => {
    const { world, worker, call } = await standing(settings);
    const next = await transferred(world, worker, call, HOSPITAL);
    expect(pidfs(next)).toEqual([]);
    expect(named(next, "Geolocation", "Geolocation-Routing")).toEqual([]);
    expect(named(next, "Content-Type")).toEqual(["application/sdp"]);
  });

  test("who refuses the place is called without it; any other refusal is the end", async () => {
    const { world, worker, call } = await standing({});
    await transferred(world, worker, call, HOSPITAL);
    const told = last(worker.sip.requests("INVITE"));
    told.answer(answerTo(told.message, 415));
    await settle();
    const bare = last(worker.sip.requests("INVITE"));
    expect([bare.message.uri, pidfs(bare.message), bare.message.has("Geolocation")]).toEqual([HOSPITAL, [], false]);
    bare.answer(answerTo(bare.message, 415));
    await settle();
    expect(worker.sip.requests("INVITE").filter(({ message }) => message.uri === HOSPITAL)).toHaveLength(2);
  });
});
