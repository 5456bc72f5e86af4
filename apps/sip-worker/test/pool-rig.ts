import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  connectRedis,
  createDetailRecordStream,
  createMembership,
  createTopologyRegistry,
  type RedisConnection,
} from "@tandem/adapter-redis";
import { SipPeer, startRedisServer, until, type PeerAddressOf, type RedisServerFixture } from "@tandem/testkit";
import { startEdge, type EdgeOfPool } from "./edge-of-pool.ts";

/** Pool `east` without its workers: a Redis for a file's tests, and a fresh edge and fresh peers for each. */
export class PoolRig {
  readonly redis: RedisServerFixture;
  /** Where workers keep what waits for Redis. */
  readonly spool: string;
  edge!: EdgeOfPool;
  alice!: SipPeer;
  bob!: SipPeer;
  psap!: SipPeer;

  private constructor(redis: RedisServerFixture, spool: string) {
    this.redis = redis;
    this.spool = spool;
  }

  static async start(): Promise<PoolRig> {
    return new PoolRig(await startRedisServer(), await mkdtemp(join(tmpdir(), "worker-spool-")));
  }

  async stop(): Promise<void> {
    await this.redis[Symbol.asyncDispose]();
    await rm(this.spool, { recursive: true, force: true });
  }

  /** Before each test. */
  async fresh(): Promise<void> {
    await this.redis.flush();
    this.edge = await startEdge();
    this.alice = await SipPeer.open({ patienceMs: 15_000 });
    this.bob = await SipPeer.open({ patienceMs: 15_000 });
    this.psap = await SipPeer.open({ patienceMs: 15_000 });
  }

  /** After each test. */
  async over(): Promise<void> {
    const { alice, bob, psap, edge } = this;
    await Promise.all([alice.close(), bob.close(), psap.close(), edge[Symbol.asyncDispose]()]);
  }

  /** Where the edge serves callers. */
  get core(): PeerAddressOf {
    return { address: "127.0.0.1", port: this.edge.port("core") };
  }

  /** Of a worker of the pool. */
  environment(): Record<string, string> {
    return {
      TANDEM_NODE_ID: "w1",
      TANDEM_HTTP: "127.0.0.1:0",
      TANDEM_REDIS: this.redis.url,
      TANDEM_POOL: "east",
      TANDEM_SECRET: "shared",
      TANDEM_EDGES: JSON.stringify({ east: [this.edge.admin] }),
      TANDEM_SPOOL: this.spool,
      TANDEM_DRAIN_MS: "20000",
      // What another program takes of the machine is no overload.
      TANDEM_MAX_LAG_MS: "20000",
      TANDEM_MAX_WAIT_MS: "20000",
    };
  }

  /** Of a worker that is an edge, too, with listeners of its own. */
  fused(): Record<string, string> {
    const { TANDEM_EDGES: _, ...given } = this.environment();
    const listeners = ["core", "outside"].map((name) => ({ name, transport: "udp", address: "127.0.0.1", port: 0 }));
    return {
      ...given,
      TANDEM_LISTENERS: JSON.stringify(listeners),
      TANDEM_ADMIN: "127.0.0.1:0",
      TANDEM_SPOOL: join(this.spool, "fused"),
    };
  }

  /** Everything from anywhere on `core` goes to bob, but 911. */
  topology(port = (name: string): number => this.edge.port(name)): string {
    const { alice, bob, psap } = this;
    const listener = (name: string) => ({ name, address: "127.0.0.1", port: port(name), transport: "udp" });
    return JSON.stringify({
      name: "test",
      pools: [
        {
          name: "east",
          edges: 1,
          workers: 1,
          listeners: [{ ...listener("core"), serves: "callers" }, listener("outside")],
        },
      ],
      gateways: [
        { name: "alice", kind: "core", address: "127.0.0.1" },
        { name: "bob", kind: "pstn", address: "127.0.0.1" },
        { name: "sos", kind: "e911", address: "127.0.0.1" },
      ],
      trunks: [
        { name: "alice", pool: "east", listener: "core", gateway: "alice", port: alice.port, usages: ["any"] },
        { name: "bob", pool: "east", listener: "outside", gateway: "bob", port: bob.port },
        { name: "sos", pool: "east", listener: "outside", gateway: "sos", port: psap.port },
      ],
      routes: [{ name: "any", match: "^\\d+$", usages: ["any"], trunks: ["bob"] }],
      emergency: { trunks: ["sos"], fallbackTrunks: ["bob"], numbers: [{ dial: "911" }] },
    });
  }

  async publish(json: string, replaces: number | null = null): Promise<void> {
    const document = { json, author: "test", atMs: Date.now() };
    await this.onRedis((redis) => createTopologyRegistry(redis).publish(document, replaces));
  }

  async drainPool(): Promise<void> {
    const asked = await this.onRedis((redis) =>
      createMembership(redis).requestDrain({ kind: "pool", name: "east" }, true),
    );
    if (!asked.ok) throw new Error(asked.error.detail);
  }

  /** Files of calls whose records wait; the topology last taken lies in the same directory. */
  async spooled(): Promise<readonly string[]> {
    return (await readdir(this.spool)).filter((name) => name.endsWith(".json"));
  }

  /** SIP codes of the calls that have a record, once there are so many. */
  async callRecords(count: number): Promise<readonly number[]> {
    return this.onRedis(async (redis) => {
      const stream = createDetailRecordStream(redis);
      const codes = async (): Promise<readonly number[]> => {
        const records = await stream.read(100);
        const calls = records.ok ? records.value.filter(({ kind }) => kind === "call") : [];
        // Who reads them takes one that comes twice once.
        const byId = new Map(calls.map(({ id, json }) => [id, json]));
        return [...byId.values()].map((json) => (JSON.parse(json) as { readonly sipCode: number }).sipCode);
      };
      await until(async () => (await codes()).length >= count, { what: "the records" });
      return codes();
    });
  }

  /** A call from alice, answered and ended. */
  async callTo(number: string, callee: SipPeer, to = this.core): Promise<void> {
    const { alice } = this;
    const sent = alice.request("INVITE", to, { uri: `sip:${number}@127.0.0.1:${to.port}` });
    const invite = await callee.expect("INVITE");
    callee.reply(invite, 200);
    const dialog = alice.dialogAsCaller(sent, await alice.expect("200 INVITE"));
    dialog.ack();
    await callee.expect("ACK");
    dialog.request("BYE");
    callee.reply(await callee.expect("BYE"), 200);
    await alice.expect("200 BYE");
  }

  async call(): Promise<void> {
    await this.callTo("100", this.bob);
  }

  async emergencyCall(to = this.core): Promise<void> {
    await this.callTo("911", this.psap, to);
  }

  /** Done on a connection to the pool's Redis. */
  async onRedis<T>(work: (redis: RedisConnection) => Promise<T>): Promise<T> {
    const connection = connectRedis(this.redis.url);
    if (!connection.ok) throw new Error(connection.error.detail);
    try {
      return await work(connection.value);
    } finally {
      await connection.value.close();
    }
  }
}
