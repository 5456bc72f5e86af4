import { parseCall, type Topology, type TrunkSettings } from "@tandem/domain";
import { describe, expect, test } from "vitest";
import {
  answerTo,
  arriving,
  FakeWorld,
  peer,
  requestFrom,
  sampleTopology,
  settle,
  type FakeWorker,
  type RequestSketch,
} from "../src/testing/index.ts";

const MINUTE_MS = 60_000;

/** The sample with a trusted core, a header for callbacks and an E9-1-1 trunk that gets ELINs. */
function topology(settings: Partial<TrunkSettings> = {}): Topology {
  const trunks = sampleTopology.trunks.map((trunk) => {
    if (trunk.name === "core") return { ...trunk, settings: { ...trunk.settings, trusted: true, ...settings } };
    if (trunk.name !== "sos") return trunk;
    const emergency = { ...trunk.settings.emergency, profile: "elin" as const };
    return { ...trunk, settings: { ...trunk.settings, emergency } };
  });
  const site = { name: "hq", subnets: ["192.0.2.10"], policy: null, erl: "hq-1", location: null };
  const erl = { name: "hq-1", elins: ["+12125550901", "+12125550902"], location: null };
  const emergency = {
    ...sampleTopology.emergency,
    callbackHeader: { name: "X-Emergency-Callback", value: "yes" },
    sites: [site],
    erls: [erl],
  };
  return { ...sampleTopology, trunks, emergency };
}

let serial = 0;

function invitation(sketch: RequestSketch): RequestSketch {
  serial += 1;
  return { callId: `call-${serial}`, branch: `z9hG4bK-${serial}`, ...sketch };
}

/** An emergency call of the core's extension that is answered and ended by the caller. */
async function emergencyCall(
  world: FakeWorld,
  worker: FakeWorker,
  from: string,
  headers: NonNullable<RequestSketch["headers"]> = [],
): Promise<void> {
  const sketch = invitation({ uri: "sip:911@192.0.2.1", from: `<sip:${from}@192.0.2.10>;tag=caller`, headers });
  const request = arriving(requestFrom(sketch));
  worker.engine.onRequest(request);
  await settle();
  const sent = worker.sip.requests("INVITE").at(-1);
  sent?.answer(answerTo(sent.message, 200));
  await settle();
  const ok = worker.sip.responses.find((given) => given.transaction.id === request.transaction.id);
  const to = worker.sip.responses.findLast((given) => given.transaction.id === request.transaction.id)?.message;
  expect(ok).toBeDefined();
  const inDialog = { ...sketch, to: to?.get("To") ?? "", body: "" };
  worker.engine.onRequest(arriving(requestFrom({ ...inDialog, method: "ACK" })));
  await settle();
  worker.engine.onRequest(arriving(requestFrom({ ...inDialog, method: "BYE", cseq: 2, branch: `z9hG4bK-b${serial}` })));
  await settle();
  const bye = worker.sip.requests("BYE").at(-1);
  bye?.answer(answerTo(bye.message, 200));
  await settle();
  await world.clock.advance(1);
}

/** A call from the PSTN gateway, or from elsewhere. */
async function callIn(
  worker: FakeWorker,
  number: string,
  change: RequestSketch & { readonly source?: string; readonly listener?: string } = {},
) {
  const { source = "198.51.100.1", listener = "outside", ...sketch } = change;
  const before = worker.sip.requests("INVITE").length;
  const uri = `sip:${number}@192.0.2.1`;
  const request = arriving(
    requestFrom(invitation({ uri, from: "<sip:+13125550199@198.51.100.1>;tag=psap", ...sketch })),
    { source: peer(source), listener },
  );
  worker.engine.onRequest(request);
  await settle();
  await settle();
  const sent = worker.sip.requests("INVITE").slice(before);
  return { invite: sent[0], statuses: worker.sip.statuses(request.transaction.id) };
}

async function afterEmergencyCall(settings: Partial<TrunkSettings> = {}) {
  const world = new FakeWorld(topology(settings));
  const worker = await world.worker();
  await emergencyCall(world, worker, "2001");
  return { world, worker };
}

describe("a call back to somebody who made an emergency call", () => {
  test.each([
    ["to the ELIN", "+12125550901"],
    ["to the ELIN without country code", "2125550901"],
    ["to his own number", "2001"],
  ])("%s rings him at the trunk he called by, past forwards and do-not-disturb", async (_, number) => {
    const { worker } = await afterEmergencyCall();
    const { invite } = await callIn(worker, number);
    expect(invite?.message.uri).toBe("sip:2001@192.0.2.10:5060");
    expect(invite?.message.get("To")).toBe("<sip:2001@192.0.2.10:5060>");
    expect(invite?.request).toMatchObject({ pool: "east", listener: "core" });
    expect(invite?.message.get("Priority")).toBe("psap-callback");
    expect(invite?.message.get("X-Emergency-Callback")).toBe("yes");
  });

  test.each([
    ["by the number that his network asserts", "P-Asserted-Identity", "+12025550150"],
    ["by the ELIN", "P-Asserted-Identity", "+12125550901"],
    ["by the number that he prefers (RFC 3325 §9.2)", "P-Preferred-Identity", "+12025550150"],
    ["by the number of older networks", "Remote-Party-ID", "+12025550150"],
  ])("rings a caller who withheld his number, %s", async (_, header, dialled) => {
    const world = new FakeWorld(topology());
    const worker = await world.worker();
    const told = [header, "<sip:+12025550150@192.0.2.10>"] as const;
    await emergencyCall(world, worker, "anonymous", [told, ["Privacy", "id"]]);
    const { invite } = await callIn(worker, dialled);
    expect(invite?.message.uri).toBe("sip:+12025550150@192.0.2.10:5060");
    expect(invite?.message.get("To")).toBe("<sip:+12025550150@192.0.2.10:5060>");
  });

  test("rings a caller by what his From says, where that is a number, whatever else he is called", async () => {
    const world = new FakeWorld(topology());
    const worker = await world.worker();
    await emergencyCall(world, worker, "2001", [["P-Preferred-Identity", "<sip:+12025550150@192.0.2.10>"]]);
    expect((await callIn(worker, "2001")).invite?.message.uri).toBe("sip:2001@192.0.2.10:5060");
    expect((await callIn(worker, "+12025550150")).invite?.message.uri).not.toBe("sip:2001@192.0.2.10:5060");
  });

  test("carries the mark of RFC 7090 into trusted networks only", async () => {
    const { worker } = await afterEmergencyCall({ trusted: false });
    const { invite } = await callIn(worker, "2001", { headers: [["Priority", "psap-callback"]] });
    expect(invite?.message.get("Priority")).toBeUndefined();
    expect(invite?.message.get("X-Emergency-Callback")).toBe("yes");
  });

  test("works in the 29th minute after the call, and in the 31st is an ordinary call", async () => {
    const { world, worker } = await afterEmergencyCall();
    await world.clock.advance(29 * MINUTE_MS);
    expect((await callIn(worker, "+12125550901")).invite?.message.get("Priority")).toBe("psap-callback");
    await world.clock.advance(2 * MINUTE_MS);
    const later = await callIn(worker, "+12125550901");
    expect(later.invite).toBeUndefined();
    expect(later.statuses).toEqual([403]);
  });

  test("works at another worker, also after the one that had the call is gone", async () => {
    const { world, worker } = await afterEmergencyCall();
    await worker.engine.stop();
    const other = await world.worker();
    await settle();
    expect((await callIn(other, "+12125550901")).invite?.message.uri).toBe("sip:2001@192.0.2.10:5060");
  });

  test("to an ELIN works before this worker's copy of the book is up to date", async () => {
    const world = new FakeWorld(topology());
    const [worker, other] = [await world.worker(), await world.worker()];
    await settle();
    world.callbacks.hold = (operation) => (operation === "all" ? new Promise(() => undefined) : Promise.resolve());
    await emergencyCall(world, worker, "2001");
    expect((await callIn(other, "+12125550901")).invite?.message.get("Priority")).toBe("psap-callback");
  });

  test("is taken by a worker that drains, and whatever its trunks' limits say", async () => {
    const { world, worker } = await afterEmergencyCall({ maxCalls: 1, maxCallsPerSecond: 1 });
    const atMs = world.clock.now();
    const held = {
      trunk: "core",
      callId: "another",
      maxCalls: 1,
      maxCallsPerSecond: 0,
      nowMs: atMs,
      untilMs: atMs + 1e6,
    };
    await world.gate.reserve(held);
    worker.engine.setDraining(true);
    expect((await callIn(worker, "2001")).invite).toBeDefined();
    expect((await callIn(worker, "+442079460100")).statuses).toEqual([503]);
  });

  test("is no callback for a colleague who dials the number from inside", async () => {
    const { worker } = await afterEmergencyCall();
    const inside = arriving(requestFrom(invitation({ uri: "sip:2001@192.0.2.1" })));
    worker.engine.onRequest(inside);
    await settle();
    expect(worker.sip.statuses(inside.transaction.id)).toEqual([404]);
  });

  describe("by the SBC that the caller is behind, too", () => {
    /** The caller's own number is shown as the SBC asserts it. */
    async function behindSbc() {
      const base = topology();
      const gateways = base.gateways.map((each) => (each.name === "core" ? { ...each, kind: "sbc" as const } : each));
      const world = new FakeWorld({ ...base, gateways });
      const worker = await world.worker();
      await emergencyCall(world, worker, "2001", [["P-Asserted-Identity", "<sip:+12125550177@192.0.2.10>"]]);
      return worker;
    }

    test.each(["+12125550901", "2125550901"])("to the ELIN %s rings him", async (elin) => {
      const worker = await behindSbc();
      const { invite } = await callIn(worker, elin, { source: "192.0.2.10", listener: "core" });
      expect(invite?.message.uri).toBe("sip:2001@192.0.2.10:5060");
      expect(invite?.message.get("Priority")).toBe("psap-callback");
    });

    test.each(["2001", "+12125550177"])("to his own number %s is his colleague's and no callback", async (number) => {
      const worker = await behindSbc();
      const { invite } = await callIn(worker, number, { source: "192.0.2.10", listener: "core" });
      expect(invite?.message.get("Priority")).not.toBe("psap-callback");
      expect(invite?.message.get("X-Emergency-Callback")).toBeUndefined();
      expect(invite?.request.listener).not.toBe("core");
    });
  });

  test("does not keep a call to an emergency number from being one", async () => {
    const { worker } = await afterEmergencyCall();
    await emergencyCall({ clock: { advance: () => Promise.resolve() } } as unknown as FakeWorld, worker, "911");
    const { invite } = await callIn(worker, "911");
    expect(invite?.request.listener).toBe("outside");
    expect(invite?.message.get("Priority")).not.toBe("psap-callback");
  });

  test("says in its record which emergency call it answers", async () => {
    const { world, worker } = await afterEmergencyCall();
    const emergency = JSON.parse(world.store.details[0]?.json ?? "{}") as { callId: string };
    const { invite } = await callIn(worker, "2001");
    expect(invite).toBeDefined();
    const [row] = [...world.store.rows.values()];
    const call = parseCall(row?.write.document ?? "");
    expect(call.ok && call.value.facts.callback).toEqual({ callId: emergency.callId });
    expect(worker.telemetry.emergencyTold).toContain("callback pstn-1");
  });
});

describe("Priority: psap-callback", () => {
  const claim: RequestSketch = { headers: [["Priority", "psap-callback"]] };

  test("of a trunk that is no PSAP's is taken off", async () => {
    const worker = await new FakeWorld(topology()).worker();
    const { invite } = await callIn(worker, "+442079460100", claim);
    expect(invite?.message.uri).toContain("442079460100");
    expect(invite?.message.get("Priority")).toBeUndefined();
  });

  test("of a PSAP passes, and the call is outside all limits", async () => {
    const psap = topology();
    const trunks = psap.trunks.map((trunk) =>
      trunk.name === "sos" ? { ...trunk, settings: { ...trunk.settings, usages: ["in"] } } : trunk,
    );
    const world = new FakeWorld({ ...psap, trunks });
    const worker = await world.worker();
    worker.engine.setDraining(true);
    const { invite } = await callIn(worker, "+442079460100", { ...claim, source: "203.0.113.9" });
    expect(invite?.message.get("Priority")).toBe("psap-callback");
  });

  test("other priorities pass", async () => {
    const worker = await new FakeWorld(topology()).worker();
    const { invite } = await callIn(worker, "+442079460100", { headers: [["Priority", "urgent"]] });
    expect(invite?.message.get("Priority")).toBe("urgent");
  });
});

describe("with the store away", () => {
  test("an emergency call has an ELIN, reaches its caller here, and everywhere once the store is back", async () => {
    const world = new FakeWorld(topology());
    const worker = await world.worker();
    world.callbacks.away = true;
    await emergencyCall(world, worker, "2001");
    const lent = worker.sip.requests("INVITE")[0];
    expect(lent).toBeDefined();
    expect((await callIn(worker, "2001")).invite?.message.get("Priority")).toBe("psap-callback");
    world.callbacks.away = false;
    await world.clock.advance(2_000);
    const other = await world.worker();
    await settle();
    expect((await callIn(other, "2001")).invite?.message.get("Priority")).toBe("psap-callback");
    await world.clock.advance(30 * MINUTE_MS);
    expect((await callIn(other, "2001")).statuses).toEqual([404]);
  });

  test("a book that does not answer holds an emergency call up for 200 ms at most", async () => {
    const world = new FakeWorld(topology());
    const worker = await world.worker();
    world.callbacks.hold = () => new Promise(() => undefined);
    worker.engine.onRequest(arriving(requestFrom(invitation({ uri: "sip:911@192.0.2.1" }))));
    await settle();
    expect(worker.sip.requests("INVITE")).toHaveLength(0);
    await world.clock.advance(200);
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
  });
});
