import { defaultLocationPolicy, type PidfReader, type Topology } from "@tandem/domain";
import { formatMultipart, withHeaders } from "@tandem/sip";
import { describe, expect, test } from "vitest";
import { arriving, FakeWorld, requestFrom, sampleTopology, settle, type FakeWorker } from "../src/testing/index.ts";

function topology(notifyTests = true): Topology {
  const testCalls = { ...defaultLocationPolicy.testCalls, notify: notifyTests };
  const policy = { ...defaultLocationPolicy, name: "hq", notify: ["desk", "mail", "desk"], testCalls };
  const named = { escalateTo: null, escalateAfterMs: 60_000 };
  const notificationTargets = ["desk", "mail"].map((name) => {
    return { name, kind: "email" as const, address: `${name}@example.net`, ...named };
  });
  const location = { country: "US", a1: "NY", room: "317" };
  const site = { name: "head-office", subnets: ["192.0.2.0/24"], policy: "hq", erl: null, location };
  const numbers = [...sampleTopology.emergency.numbers, { dial: "933", masks: [], test: true }];
  const emergency = { ...sampleTopology.emergency, numbers, policies: [policy], notificationTargets, sites: [site] };
  return { ...sampleTopology, emergency };
}

/** Stands for an XML reader: `pidf <room>`, and the documents we compose. */
const readPidf: PidfReader = (octets) => {
  const room = /^pidf (\w+)$/.exec(octets)?.[1] ?? /<ca:ROOM>(\w+)</.exec(octets)?.[1];
  return room === undefined ? null : { method: "LIS", civic: { room }, geodetic: false, position: null };
};

async function world(notifyTests = true) {
  const made = new FakeWorld(topology(notifyTests));
  made.readPidf = readPidf;
  return { made, worker: await made.worker() };
}

/** The site has ELINs, and the E9-1-1 trunk gets them. */
function withElins(plain: Topology): Topology {
  const trunks = plain.trunks.map((trunk) => {
    const emergency = { ...trunk.settings.emergency, profile: "elin" as const };
    return trunk.name === "sos" ? { ...trunk, settings: { ...trunk.settings, emergency } } : trunk;
  });
  const sites = plain.emergency.sites.map((site) => ({ ...site, erl: "hq-1" }));
  const erls = [{ name: "hq-1", elins: ["+12125550901", "+12125550902"], location: null }];
  return { ...plain, trunks, emergency: { ...plain.emergency, sites, erls } };
}

async function call(worker: FakeWorker, number: string, body?: string): Promise<void> {
  const parts = body === undefined ? {} : { body };
  worker.engine.onRequest(arriving(requestFrom({ uri: `sip:${number}@192.0.2.1`, ...parts })));
  await settle();
}

const noticesIn = ({ noticeLog }: FakeWorld) => noticeLog.owed.flatMap(({ notice }) => notice ?? []);

describe("an emergency call is announced", () => {
  test("to the targets of its policy, each once, with caller and place", async () => {
    const { made, worker } = await world();
    await call(worker, "911");
    expect(noticesIn(made)).toMatchObject([
      {
        atMs: made.clock.now(),
        callerUri: "sip:+12025550100@192.0.2.10",
        callbackNumber: "+12025550100",
        number: "911",
        test: false,
        policy: "hq",
        site: "head-office",
        location: { kind: "site-default", civic: { room: "317" } },
        targets: ["desk", "mail"],
      },
    ]);
  });

  test.each([
    ["UTF-8", Buffer.from("Jörg Łoś", "utf8").toString("latin1"), "Jörg Łoś"],
    ["something else", "M\u00FCller", "M\u00FCller"],
  ])("with the caller's name and URI as people write them: octets of %s", async (_, octets, text) => {
    const { made, worker } = await world();
    const named = withHeaders(requestFrom({ uri: "sip:911@192.0.2.1" }), (headers) => {
      headers.set("From", `"${octets}" <sip:${octets.split(" ")[0] ?? ""}@192.0.2.10>;tag=a`);
    });
    worker.engine.onRequest(arriving(named));
    await settle();
    expect(noticesIn(made)).toMatchObject([
      { callerName: text, callerUri: `sip:${text.split(" ")[0] ?? ""}@192.0.2.10` },
    ]);
  });

  test("with the place the caller brought, where he brought one", async () => {
    const { made, worker } = await world();
    const part = { headers: [["Content-Type", "application/pidf+xml"]] as const, body: "pidf 404" };
    const request = requestFrom({ uri: "sip:911@192.0.2.1", body: formatMultipart([part], "b") });
    const typed = withHeaders(request, (headers) => headers.set("Content-Type", "multipart/mixed;boundary=b"));
    worker.engine.onRequest(arriving(typed));
    await settle();
    expect(noticesIn(made)[0]?.location).toMatchObject({ kind: "value", civic: { room: "404" } });
  });

  test("after its INVITE left, however long the log takes, and whatever breaks on the way", async () => {
    const { made, worker } = await world();
    made.noticeLog.hold = () => new Promise(() => undefined);
    await call(worker, "911");
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    const broken = await world();
    broken.made.noticeLog.hold = () => {
      throw new Error("a bug");
    };
    await call(broken.worker, "911");
    expect(broken.worker.sip.requests("INVITE")).toHaveLength(1);
    expect(broken.worker.noticeSpool.notices.size).toBe(1);
  });

  test("again by the worker that takes it over, for the first one may have died before", async () => {
    const { made, worker } = await world();
    made.noticeLog.hold = () => new Promise(() => undefined);
    await call(worker, "911");
    made.noticeLog.hold = () => Promise.resolve();
    const other = await made.worker();
    const again = arriving(requestFrom({ uri: "sip:911@192.0.2.1" }), { redelivered: true });
    other.engine.onRequest(again);
    await settle();
    expect(noticesIn(made)).toHaveLength(1);
  });

  test("again by the worker that its INVITE reaches by another way, under the name of the call, for the first one may have died before", async () => {
    const { made, worker } = await world();
    await call(worker, "911");
    const other = await made.worker();
    other.engine.onRequest(arriving(requestFrom({ uri: "sip:911@192.0.2.1", branch: "z9hG4bK-next" })));
    await settle();
    const [callId] = made.store.rows.keys();
    expect(noticesIn(made).map((notice) => notice.callId)).toEqual([callId, callId]);
  });

  test("again without remembering the caller anew, whose call may have ended meanwhile", async () => {
    const made = new FakeWorld(withElins(topology()));
    const worker = await made.worker();
    await call(worker, "911");
    const asked: string[] = [];
    made.callbacks.hold = (operation) => {
      asked.push(operation);
      return Promise.resolve();
    };
    const other = await made.worker();
    other.engine.onRequest(arriving(requestFrom({ uri: "sip:911@192.0.2.1" }), { redelivered: true }));
    await settle();
    expect(noticesIn(made).map(({ elin }) => elin)).toEqual(["+12125550901", "+12125550901"]);
    expect(asked).not.toContain("remember");
  });

  test.each([
    ["knows nothing of it", false],
    ["is away", true],
  ])("once, with its ELIN, when its INVITE comes again and the store %s: it is a new call", async (_, away) => {
    const made = new FakeWorld(withElins(topology()));
    const asked: string[] = [];
    made.locations = {
      locate: () => {
        asked.push("asked");
        return Promise.resolve({ ok: true, value: null });
      },
    };
    const worker = await made.worker();
    if (away) made.store.away = true;
    worker.engine.onRequest(arriving(requestFrom({ uri: "sip:911@192.0.2.1" }), { redelivered: true }));
    await made.clock.advance(1_000);
    expect(worker.sip.requests("INVITE").length).toBeGreaterThan(0);
    expect(noticesIn(made).map(({ elin }) => elin)).toEqual(["+12125550901"]);
    expect(asked).toHaveLength(1);
  });

  test.each([
    [true, ["desk", "mail"]],
    [false, undefined],
  ])("a test call, where the policy wants that: %s", async (wanted, targets) => {
    const { made, worker } = await world(wanted);
    await call(worker, "933");
    expect(noticesIn(made)[0]?.targets).toEqual(targets);
  });

  test("an ordinary call is not", async () => {
    const { made, worker } = await world();
    await call(worker, "12025550123");
    expect(noticesIn(made)).toEqual([]);
  });
});
