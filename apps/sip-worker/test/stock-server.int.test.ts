import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectRedis, createTopologyRegistry } from "@tandem/adapter-redis";
import { SipPeer, startRedisServer, until, type RedisServerFixture } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { WorkerProcess } from "./worker-process.ts";

/** The program of a stock drachtio-server: no distribution has it, and building it takes a quarter of an hour, so these tests run where it is named. */
const PROGRAM = process.env["DRACHTIO_PROGRAM"];

/** The server ends a call that nobody acknowledges after 32 s, whatever its timers say. */
const PATIENCE_MS = 45_000;

interface StockServer extends AsyncDisposable {
  readonly admin: number;
  readonly sip: number;
  readonly child: ChildProcess;
}

/** Ports that are free now; the server cannot be asked which ones the system gave it. */
async function freePorts(): Promise<readonly [number, number]> {
  const holders = [createServer(), createServer()] as const;
  const ports = await Promise.all(
    holders.map(async (holder) => {
      holder.listen(0, "127.0.0.1");
      await once(holder, "listening");
      return (holder.address() as AddressInfo).port;
    }),
  );
  await Promise.all(holders.map((holder) => new Promise((resolve) => holder.close(resolve))));
  return [ports[0] ?? 0, ports[1] ?? 0];
}

/** The configuration that the chart gives it (helm/tandem/templates/_drachtio.tpl), with a shorter wait for silent peers. */
async function startServer(folder: string): Promise<StockServer> {
  const [admin, sip] = await freePorts();
  const file = join(folder, `drachtio-${admin}.xml`);
  await writeFile(
    file,
    `<drachtio><admin port="${admin}">127.0.0.1</admin><sip><contacts></contacts><timers><t1x64>2000</t1x64></timers></sip>
    <cdrs>false</cdrs><logging><console/><sofia-loglevel>0</sofia-loglevel><loglevel>notice</loglevel></logging></drachtio>`,
  );
  const contact = `sip:127.0.0.1:${sip};transport=udp`;
  const child = spawn(PROGRAM ?? "", ["--file", file, "--contact", contact], {
    env: { ...process.env, DRACHTIO_SECRET: "shared" },
    stdio: "ignore",
  });
  const exited = once(child, "exit");
  return {
    admin,
    sip,
    child,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** A server that answers: now and then one starts that never reads its SIP socket (its application port works all the same). */
async function startSoundServer(folder: string): Promise<StockServer> {
  for (let tries = 1; ; tries += 1) {
    const server = await startServer(folder);
    await using caller = await SipPeer.open({ patienceMs: 5_000 });
    // UDP: sent again while the server is starting.
    const asking = setInterval(() => caller.request("OPTIONS", { address: "127.0.0.1", port: server.sip }), 200);
    const answered = await caller.expect(503).then(
      () => true,
      () => false,
    );
    clearInterval(asking);
    if (answered) return server;
    await server[Symbol.asyncDispose]();
    if (tries === 3) throw new Error("no server that answers");
  }
}

describe.skipIf(PROGRAM === undefined)("a sip-worker at a real stock drachtio-server", () => {
  let redis: RedisServerFixture;
  let folder: string;
  let server: StockServer;
  let peers: readonly SipPeer[];

  beforeAll(async () => {
    redis = await startRedisServer();
    folder = await mkdtemp(join(tmpdir(), "stock-server-"));
  });
  afterAll(async () => {
    await redis[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await redis.flush();
    server = await startSoundServer(folder);
    peers = await Promise.all(Array.from({ length: 4 }, () => SipPeer.open({ patienceMs: PATIENCE_MS })));
  });
  afterEach(async () => {
    await Promise.all(peers.map((peer) => peer.close()));
    await server[Symbol.asyncDispose]();
  });

  const peer = (at: number): SipPeer => {
    const found = peers[at];
    if (found === undefined) throw new Error(`no peer ${at}`);
    return found;
  };
  const alice = (): SipPeer => peer(0);
  const bob = (): SipPeer => peer(1);
  const psap = (): SipPeer => peer(2);
  const spare = (): SipPeer => peer(3);
  const core = () => ({ address: "127.0.0.1", port: server.sip });

  async function publish(): Promise<void> {
    const trunk = (name: string, port: number) => ({ name, pool: "east", listener: "core", gateway: name, port });
    const json = JSON.stringify({
      name: "test",
      pools: [
        {
          name: "east",
          edges: 1,
          workers: 1,
          listeners: [{ name: "core", address: "127.0.0.1", port: server.sip, transport: "udp", serves: "callers" }],
        },
      ],
      gateways: [
        { name: "alice", kind: "core", address: "127.0.0.1" },
        { name: "bob", kind: "pstn", address: "127.0.0.1" },
        { name: "spare", kind: "pstn", address: "127.0.0.1" },
        { name: "sos", kind: "e911", address: "127.0.0.1" },
      ],
      trunks: [
        { ...trunk("alice", alice().port), usages: ["any"] },
        trunk("bob", bob().port),
        trunk("spare", spare().port),
        trunk("sos", psap().port),
      ],
      routes: [{ name: "any", match: "^\\d+$", usages: ["any"], trunks: ["bob", "spare"] }],
      emergency: { trunks: ["sos"], fallbackTrunks: ["bob"], numbers: [{ dial: "911" }] },
    });
    const connection = connectRedis(redis.url);
    if (!connection.ok) throw new Error(connection.error.detail);
    await createTopologyRegistry(connection.value).publish({ json, author: "test", atMs: Date.now() }, null);
    await connection.value.close();
  }

  async function serving(change: Readonly<Record<string, string>> = {}): Promise<WorkerProcess> {
    await publish();
    const worker = new WorkerProcess({
      TANDEM_NODE_ID: "w1",
      TANDEM_HTTP: "127.0.0.1:0",
      TANDEM_REDIS: redis.url,
      TANDEM_POOL: "east",
      TANDEM_SECRET: "shared",
      TANDEM_EDGES: JSON.stringify({ east: [`127.0.0.1:${server.admin}`] }),
      TANDEM_STOCK_POOLS: JSON.stringify({ east: [{ name: "core", transport: "udp" }] }),
      TANDEM_SPOOL: join(folder, "spool"),
      TANDEM_DRAIN_MS: "20000",
      ...change,
    });
    const http = await worker.ready();
    await until(async () => (await fetch(`${http}/readyz`)).status === 200, { what: "readiness", limitMs: 20_000 });
    return worker;
  }

  const SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
  const described = { body: SDP, headers: [["Content-Type", "application/sdp"]] } as const;

  /** A call that is answered; its two dialogs. */
  async function answered(number: string, callee: SipPeer) {
    const sent = alice().request("INVITE", core(), { uri: `sip:${number}@127.0.0.1:${server.sip}`, ...described });
    const invite = await callee.expect("INVITE");
    callee.reply(invite, 180);
    await alice().expect("180 INVITE");
    const answer = callee.reply(invite, 200, described);
    const caller = alice().dialogAsCaller(sent, await alice().expect("200 INVITE"));
    caller.ack();
    await callee.expect("ACK");
    return { caller, called: callee.dialogAsCallee(invite, answer) };
  }

  /** The server has nobody for new calls. */
  async function turnsAway(): Promise<boolean> {
    alice().request("OPTIONS", core());
    const { message } = await alice().expect(({ kind, method }) => kind === "response" && method === "OPTIONS");
    return message.status === 503;
  }

  test("warns once what it does not promise, and serves a call: ringing, answer, requests in both directions, end", async () => {
    await using worker = await serving();
    expect(worker.lines.filter(({ msg }) => msg.startsWith("stock drachtio-server:"))).toHaveLength(1);
    const { caller, called } = await answered("100", bob());
    caller.request("INFO", { body: "x", headers: [["Content-Type", "text/plain"]] });
    bob().reply(await bob().expect("INFO"), 200);
    await alice().expect("200 INFO");
    const again = caller.request("INVITE", described);
    bob().reply(await bob().expect("INVITE"), 200, described);
    await alice().expect("200 INVITE");
    caller.ack({}, Number.parseInt(again.get("CSeq") ?? "", 10));
    await bob().expect("ACK");
    called.request("BYE");
    alice().reply(await alice().expect("BYE"), 200);
    await bob().expect("200 BYE");
  });

  test("a gateway that refuses or stays silent is followed by the next one", async () => {
    await using worker = await serving();
    const sent = alice().request("INVITE", core(), { uri: `sip:100@127.0.0.1:${server.sip}`, ...described });
    const refused = await bob().expect("INVITE");
    bob().reply(refused, 503);
    const taken = await spare().expect("INVITE");
    spare().reply(taken, 200, described);
    const caller = alice().dialogAsCaller(sent, await alice().expect("200 INVITE"));
    caller.ack();
    await spare().expect("ACK");
    caller.request("BYE");
    spare().reply(await spare().expect("BYE"), 200);
    await alice().expect("200 BYE");
    // Nobody answers this one at bob: the server gives up after its own 64*T1.
    alice().request("INVITE", core(), { uri: `sip:101@127.0.0.1:${server.sip}`, ...described });
    await bob().expect("INVITE");
    await spare().expect("INVITE");
    expect(worker.child.exitCode).toBeNull();
  });

  test("a caller who gives up is served: CANCEL reaches the called side", async () => {
    await using worker = await serving();
    const sent = alice().request("INVITE", core(), { uri: `sip:100@127.0.0.1:${server.sip}`, ...described });
    const invite = await bob().expect("INVITE");
    bob().reply(invite, 180);
    await alice().expect("180 INVITE");
    alice().cancel(sent, core());
    await alice().expect("200 CANCEL");
    alice().ackFailure(sent, await alice().expect("487 INVITE"));
    bob().reply(await bob().expect("CANCEL"), 200);
    bob().reply(invite, 487);
    await bob().expect("ACK");
    expect(worker.child.exitCode).toBeNull();
  });

  test("911 reaches the emergency trunk, and ends by either side", async () => {
    await using worker = await serving();
    const { caller } = await answered("911", psap());
    caller.request("BYE");
    psap().reply(await psap().expect("BYE"), 200);
    await alice().expect("200 BYE");
    const second = await answered("911", psap());
    second.called.request("BYE");
    alice().reply(await alice().expect("BYE"), 200);
    await psap().expect("200 BYE");
    expect(worker.child.exitCode).toBeNull();
  });

  test("an answer that nobody acknowledges ends both sides: the server says so by a BYE of its own", async () => {
    await using worker = await serving();
    alice().request("INVITE", core(), { uri: `sip:100@127.0.0.1:${server.sip}`, ...described });
    const invite = await bob().expect("INVITE");
    bob().reply(invite, 200, described);
    await alice().expect("200 INVITE");
    bob().reply(await bob().expect("BYE"), 200);
    alice().reply(await alice().expect("BYE"), 200);
    expect(worker.child.exitCode).toBeNull();
  });

  test("a worker told to leave stays for its call, and leaves after it", async () => {
    await using worker = await serving();
    const { caller } = await answered("100", bob());
    worker.child.kill("SIGTERM");
    await until(() => turnsAway(), { what: "refusals of new calls", limitMs: PATIENCE_MS });
    caller.request("BYE");
    bob().reply(await bob().expect("BYE"), 200);
    await alice().expect("200 BYE");
    expect(await worker.exited).toBe(0);
  });
});
