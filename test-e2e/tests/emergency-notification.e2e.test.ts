import { createHmac } from "node:crypto";
import type { SipMessage } from "@tandem/sip";
import { SipPeer, undisturbed, until, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { forgetAll, hangUp, invite, SDP, session, setUp } from "../harness/scripted-call.ts";
import { startHttpReceiver, startMailReceiver } from "../harness/receivers.ts";
import { makeTopology } from "../harness/topology.ts";

const SECRET = "signing-key-of-the-security-desk";
const alice = await SipPeer.open({ user: "2001", patienceMs: 15_000 });
/** Her number is one that no log line holds by chance. */
const dora = await SipPeer.open({ user: "+12125550147", patienceMs: 15_000 });
const carol = await SipPeer.open({ user: "3001", patienceMs: 15_000 });
const psap = await SipPeer.open({ user: "psap", patienceMs: 15_000 });
const desk = await SipPeer.open({ user: "desk", patienceMs: 15_000 });
/** Takes everything and answers nothing. */
const silent = await SipPeer.open({ user: "silent" });
const boss = await SipPeer.open({ user: "boss", patienceMs: 30_000 });
const webhook = await startHttpReceiver([503]);
const mail = await startMailReceiver();

let cluster: TestCluster;
let to: PeerAddressOf;

beforeAll(async () => {
  const topology = await makeTopology({
    trunks: {
      office: { port: alice.port, listener: "core", gateway: "office", kind: "core", usages: ["any"] },
      annex: { port: carol.port, listener: "core", gateway: "annex", kind: "core", usages: ["any"] },
      psap: { port: psap.port, kind: "e911" },
      desk: { port: desk.port },
      silent: { port: silent.port },
      boss: { port: boss.port },
    },
    emergency: {
      trunks: ["psap"],
      heartbeat: { interval: "5s" },
      policy: "office",
      policies: [
        { name: "office", notify: ["security", "hook", "mail", "black-hole", "quiet-one"] },
        { name: "nobody" },
      ],
      users: [{ numbers: ["3001"], policy: "nobody" }],
      sites: [
        {
          name: "head-office",
          subnets: ["127.0.0.1"],
          location: { country: "US", a1: "NY", a3: "New York", rd: "Broadway", hno: "1", flr: "3", room: "317" },
        },
      ],
      notificationTargets: [
        { name: "security", kind: "sip", uri: `sip:desk@${desk.hostport}`, trunk: "desk" },
        { name: "hook", kind: "webhook", url: webhook.url, secretEnv: "DESK_KEY" },
        { name: "mail", kind: "email", address: "desk@example.net" },
        { name: "black-hole", kind: "sip", uri: `sip:nobody@${silent.hostport}`, trunk: "silent" },
        {
          name: "quiet-one",
          kind: "sip",
          uri: `sip:nobody@${silent.hostport}`,
          trunk: "silent",
          escalateTo: "boss",
          escalateAfter: "10s",
        },
        { name: "boss", kind: "sip", uri: `sip:boss@${boss.hostport}`, trunk: "boss" },
      ],
    },
  });
  const environment = { DESK_KEY: SECRET, TANDEM_SMTP_URL: mail.url, TANDEM_SMTP_FROM: "tandem@example.net" };
  cluster = await startCluster(topology, { environment });
  to = { address: "127.0.0.1", port: cluster.port("core") };
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all([alice, carol, dora, psap, desk, silent, boss].map((peer) => peer.close()));
  await Promise.all([webhook.close(), mail.close()]);
});
// The others are told in the background, whichever test runs.
beforeEach(() => forgetAll([alice, carol, dora, psap]));

interface NotificationBody {
  readonly callId: string;
  readonly test: boolean;
  readonly acknowledged: unknown;
  readonly deliveries: readonly { readonly target: string; readonly state: string; readonly tries: number }[];
}

/** A second, and the time in which the call is set up. */
const TOLD_MS = 2_000;

/** An emergency call, and what the desk is told of it. */
async function tellDesk() {
  const startedMs = Date.now();
  const call = await setUp({ caller: alice, callee: psap, to }, { number: "911" });
  const told = await desk.expect("MESSAGE");
  const tookMs = Date.now() - startedMs;
  desk.reply(told, 200);
  await hangUp(call, alice, psap);
  return { told, tookMs };
}

interface EmergencyCallBody {
  readonly callId: string;
  readonly outcome: string;
  readonly attempts: readonly unknown[];
  readonly emergency: object;
}

async function emergencyCalls(): Promise<readonly EmergencyCallBody[]> {
  return (await cluster.api.get("/v1/emergency/calls?limit=1000")).body as readonly EmergencyCallBody[];
}

async function notifications(): Promise<readonly NotificationBody[]> {
  return (await cluster.api.get("/v1/emergency/notifications")).body as readonly NotificationBody[];
}

describe("A13: people are told of an emergency call", () => {
  it("within a second, by MESSAGE with caller, callback number and every element of the place", async () => {
    const { told, tookMs } = await undisturbed(tellDesk, (one) => one.tookMs < TOLD_MS);
    expect(tookMs).toBeLessThan(TOLD_MS);
    const { message } = told;
    expect(message.get("Priority")).toBe("emergency");
    expect(message.get("Call-Info")).toMatch(/^<sip:2001@[^>]+>;purpose=ms-emergency-notification$/);
    expect(message.get("Content-Type")).toBe("text/plain;charset=UTF-8");
    for (const line of [
      "Event: emergency call",
      "Number: 911",
      "CallbackNumber: 2001",
      "Site: head-office",
      "method: Default",
      "country: US",
      "A1: NY",
      "A3: New York",
      "RD: Broadway",
      "HNO: 1",
      "FLR: 3",
      "ROOM: 317",
    ]) {
      expect(message.body.split("\r\n")).toContain(line);
    }
  });

  it("by a signed webhook, tried again after a 503, and by email", async () => {
    await until(() => webhook.posts.length >= 2, { what: "the webhook's second try" });
    const post = webhook.posts[1]!;
    const [, seconds, mac] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(String(post.headers["tandem-signature"])) ?? [];
    expect(mac).toBe(createHmac("sha256", SECRET).update(`${seconds}.${post.body}`).digest("hex"));
    const { notification } = JSON.parse(post.body) as { notification: Record<string, unknown> };
    expect(notification).toMatchObject({ number: "911", callbackNumber: "2001", test: false });
    await until(() => mail.mails.length >= 1, { what: "the email" });
    expect(mail.mails[0]).toMatch(/^To: desk@example\.net$/m);
    expect(mail.mails[0]).toMatch(/^Subject: Emergency call to 911 from 2001/m);
    expect(mail.mails[0]).toContain("CallbackNumber: 2001");
  });

  /** Less than any wait for those who are told: the first answer of one of them is awaited for half a second (T1) before it is asked again. */
  const NO_WAIT_MS = 200;

  it("who cannot be reached does not delay the call: its INVITE leaves as soon as one nobody is told of", async () => {
    const measured = { told: [] as number[], untold: [] as number[] };
    for (let round = 0; round < 9; round += 1) {
      for (const kind of ["told", "untold"] as const) {
        const startedMs = performance.now();
        const caller = kind === "told" ? alice : carol;
        const sent = invite(caller, to, { number: "911" });
        const arrived = await psap.expect("INVITE");
        measured[kind].push(performance.now() - startedMs);
        psap.reply(arrived, 200, { headers: [SDP], body: session(2) });
        const dialog = caller.dialogAsCaller(sent, await caller.expect("200 INVITE"));
        dialog.ack();
        await psap.expect("ACK");
        dialog.request("BYE");
        psap.reply(await psap.expect("BYE"), 200);
        await caller.expect("200 BYE");
      }
    }
    const median = (times: readonly number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!;
    expect(median(measured.told) - median(measured.untold)).toBeLessThan(NO_WAIT_MS);
  });

  it("what became of it is seen through the API; an operator acknowledges, the first one counts", async () => {
    const [first] = (await notifications()).toReversed();
    const path = `/v1/emergency/notifications/${first?.callId}`;
    const states = () =>
      cluster.api.get(path).then(({ body }) => {
        const { deliveries } = body as NotificationBody;
        return Object.fromEntries(deliveries.map(({ target, state }) => [target, state]));
      });
    const delivered = async (): Promise<boolean> => {
      const now = await states();
      return ["security", "hook", "mail"].every((target) => now[target] === "delivered");
    };
    await until(delivered, { what: "the deliveries" });
    const acknowledged = await cluster.api.post(`${path}/acknowledge`, { remark: "on my way" });
    expect(acknowledged).toMatchObject({ status: 200, body: { acknowledged: { remark: "on my way" } } });
    const again = await cluster.api.post(`${path}/acknowledge`, { remark: "me too" });
    expect(again).toMatchObject({ status: 200, body: { acknowledged: { remark: "on my way" } } });
    expect((await cluster.api.post(`/v1/emergency/notifications/${"a".repeat(26)}/acknowledge`)).status).toBe(404);
  });

  it("a call nobody acknowledged is escalated", async () => {
    const told = await boss.expect("MESSAGE");
    boss.reply(told, 200);
    expect(told.message.get("Priority")).toBe("emergency");
  });
});

describe("B4: test calls", () => {
  it("933 goes to the PSAP's trunk as itself, and the notification says TEST", async () => {
    const sent = invite(alice, to, { number: "933" });
    const arrived = await psap.expect("INVITE");
    expect(arrived.message.uri).toMatch(/^sip:933@/);
    psap.reply(arrived, 480);
    await alice.expect((message) => message.status >= 400, sent.get("Call-ID"));
    const told = await desk.expect((message) => message.method === "MESSAGE" && message.body.startsWith("TEST"));
    desk.reply(told, 200);
    expect(told.message.get("Priority")).toBe("non-urgent");
    expect(told.message.get("Subject")).toMatch(/^TEST: /);
  });
});

describe("the heartbeat", () => {
  it("walks the path to the PSAP's last hop, and shows when it last worked", async () => {
    const controller = cluster.processes.find(({ role }) => role === "controller")?.name ?? "";
    const isOptions = ({ kind, method }: SipMessage): boolean => kind === "request" && method === "OPTIONS";
    await until(
      async () => {
        while (psap.untaken.some(({ message }) => isOptions(message))) psap.reply(await psap.expect(isOptions), 200);
        const { body } = await cluster.api.get("/v1/emergency/path");
        return (body as readonly { trunk: string; working: boolean }[]).some(
          (path) => path.trunk === "psap" && path.working,
        );
      },
      { what: "a walk that succeeds", limitMs: 40_000 },
    );
    const name = "tandem_emergency_heartbeat_last_success_timestamp_seconds";
    await until(async () => Date.now() / 1_000 - (await cluster.metric(controller, name)) < 30, { what: "the metric" });
  });
});

describe("the proof of a call", () => {
  it("is one emergency record with its attempts, apart from ordinary records", async () => {
    await until(
      async () => {
        const all = await emergencyCalls();
        return all.length >= 20 && all.some(({ outcome }) => outcome === "failed");
      },
      { what: "the emergency records" },
    );
    const records = await emergencyCalls();
    expect(records.map(({ outcome }) => outcome).filter((outcome) => outcome !== "answered")).toEqual(["failed"]);
    const first = records.at(-1);
    expect(first).toMatchObject({
      callingNumber: "2001",
      emergency: {
        service: "urn:service:sos",
        number: "911",
        policy: "office",
        site: "head-office",
        callbackNumber: "2001",
        place: { source: "site", civic: { country: "US", rd: "Broadway", hno: "1", flr: "3", room: "317" } },
      },
      attempts: [{ number: 1, trunk: "psap", sipCode: 200, outcome: "answered" }],
    });
    expect(new Set(records.map(({ callId }) => callId)).size).toBe(records.length);
    const one = await cluster.api.get(`/v1/emergency/calls/${first?.callId}`);
    expect(one.body).toMatchObject({ live: false, acknowledged: { remark: "on my way" } });
    expect(cluster.callRecords().some((record) => (record as { kind: string }).kind === "emergency")).toBe(false);
  });

  it("numbers and places are in no log", async () => {
    const call = await setUp({ caller: dora, callee: psap, to }, { number: "911" });
    expect(call.arrived.message.get("From")).toContain("+12125550147");
    await hangUp(call, dora, psap);
    await until(async () => JSON.stringify(await emergencyCalls()).includes("+12125550147"), {
      what: "the emergency record",
    });
    for (const { name } of cluster.processes) {
      expect(cluster.logOf(name)).not.toMatch(/Broadway|CallbackNumber|2125550147/);
    }
  });
});
