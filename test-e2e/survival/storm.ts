import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { startRedisSentinel, until } from "@tandem/testkit";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { heldPlaces } from "../harness/held-places.ts";
import { sipPort } from "../harness/ports.ts";
import { startUac, startUas, stopAllSipp, type SippResult } from "../harness/sipp.ts";
import { makeTopology } from "../harness/topology.ts";
import { account, type Account } from "./accounting.ts";
import { planCall, type CallPlan, type Mix } from "./call-plan.ts";
import { Faults, type Disturbance, type Fault, type FaultKind } from "./faults.ts";
import { PoolAddresses } from "./pool-addresses.ts";
import { RollingReplacement } from "./rolling-replacement.ts";
import { seededRandom } from "./seeded-random.ts";
import { SipAgent } from "./sip-agent.ts";
import { StormCallee } from "./storm-callee.ts";
import { StormCaller } from "./storm-caller.ts";

export interface StormSettings {
  readonly seed: number;
  /** New calls per second. */
  readonly rate: number;
  /** How long new calls come (s). */
  readonly seconds: number;
  readonly meanHoldMs: number;
  readonly mix: Mix;
  /** Mean time between two kills (s). */
  readonly faultEveryS: number;
  readonly faults: Readonly<Record<FaultKind, number>>;
  /** A worker is killed only while another one serves: what becomes of calls while none does is decided by how long a machine takes to start one. Default: whenever its time comes. */
  readonly leavesOne?: boolean;
  /** Instead of kills: every worker and edge gets SIGTERM and is started again, one after the other. */
  readonly rolling: boolean;
  readonly workers: number;
  readonly edges: number;
  /** Calls per second between two SIPp, which know one edge's address only; 0: none. */
  readonly sippRate: number;
  /** Told what happens, for people. */
  readonly tell: (line: string) => void;
}

export interface StormResult {
  readonly settings: Omit<StormSettings, "tell">;
  readonly account: Account;
  readonly faults: readonly Fault[];
  readonly mostEstablished: number;
  /** Load of all trunks, calls, and places that trunks' limits are kept by, left after everything ended; how long that took from the last call's end (ms). */
  readonly leftOver: {
    readonly load: number;
    readonly calls: number;
    readonly places: number;
    readonly afterMs: number;
  };
  readonly sipp: { readonly placed: number; readonly caller: SippResult; readonly callee: SippResult } | null;
  /** For how long this process, callers and called sides, got no processor at most (ms): what the machine adds to a time at each process a message passes. */
  readonly longestPauseMs: number;
}

const POOL_NAME = "east.storm.example";
/** Everything is over so long after the last call, or counts as left over. */
const SETTLE_MS = 60_000;
/** The controller looks for places without a call every 30 s, and gives back what it finds twice. */
const SWEPT_MS = 120_000;
/** Trunks with a limit. */
const LIMITED = ["carrier-a", "carrier-b", "sipp"];
const PAUSE_RESOLUTION_MS = 10;
/** What docs/survival.md recommends for Sentinel. */
const DOWN_AFTER_MS = 500;

/** What a storm suffers instead of kills at random. */
export interface Trouble {
  /** The cluster's Redis; its owner ends it after the storm. */
  readonly redisUrl: string;
  readonly disturbance: () => Disturbance;
}

/** Runs a storm against a cluster of its own and accounts for every call. */
export async function runStorm(settings: StormSettings, trouble?: Trouble): Promise<StormResult> {
  const redis = settings.faults.redis > 0 ? await startRedisSentinel({ downAfterMs: DOWN_AFTER_MS }) : null;
  const redisUrl = trouble?.redisUrl ?? redis?.url;
  const hosts = Array.from({ length: settings.edges }, (_, index) => `127.0.0.${index + 1}`);
  const pool = new PoolAddresses(POOL_NAME, hosts);
  const scene = await openScene(settings, pool);
  const cluster = await startCluster(scene.topology, {
    environment: { TANDEM_DRAIN_MS: "15000" },
    args: ["--log-level", "info", ...redisOption(redisUrl)],
  });
  const plan = {
    weights: settings.faults,
    everyMs: settings.faultEveryS * 1_000,
    leavesOne: settings.leavesOne ?? false,
    random: seededRandom(settings.seed),
  };
  const random = (): Disturbance =>
    settings.rolling ? new RollingReplacement(cluster, pool) : new Faults(cluster, redis, plan);
  const faults = trouble?.disturbance() ?? random();
  try {
    return await play({ settings, cluster, scene, faults, redisUrl: redisUrl ?? cluster.redisUrl });
  } finally {
    await stopAllSipp();
    await cluster.stop();
    await faults.stop();
    await faults.end?.();
    await Promise.all((redis?.sentinels ?? []).map((sentinel) => sentinel[Symbol.asyncDispose]()));
    await Promise.all(scene.agents.map((agent) => agent.close()));
  }
}

function redisOption(url: string | undefined): readonly string[] {
  return url === undefined ? [] : ["--redis", url];
}

interface Scene {
  readonly topology: Awaited<ReturnType<typeof makeTopology>>;
  readonly caller: StormCaller;
  readonly callees: readonly StormCallee[];
  readonly agents: readonly SipAgent[];
  readonly plan: (index: number) => CallPlan;
  readonly sippPort: number;
}

/** The parties, and the topology that connects them. */
async function openScene(settings: StormSettings, pool: PoolAddresses): Promise<Scene> {
  const plans = new Map<string, CallPlan>();
  const plan = (index: number): CallPlan => {
    const made = planCall(settings.seed, index, settings.mix, settings.meanHoldMs);
    plans.set(made.token, made);
    return made;
  };
  const names = ["carrier-a", "carrier-b", "sos-a", "sos-b"] as const;
  const agents = await Promise.all([...names, "caller"].map(() => SipAgent.open(pool)));
  const [a, b, sosA, sosB, phone] = agents;
  if (!a || !b || !sosA || !sosB || !phone) throw new Error("agents are missing");
  const callees = [a, b, sosA, sosB].map(
    (agent, index) =>
      new StormCallee(agent, {
        name: names[index] ?? "",
        refuses: index === 0,
        planOf: (token) => plans.get(token),
      }),
  );
  const sippPort = await sipPort();
  const topology = await makeTopology({
    pools: { east: { fqdn: POOL_NAME, arrangement: "split", workers: settings.workers, edges: settings.edges } },
    trunks: {
      "carrier-a": { port: a.port, maxCalls: 10_000 },
      "carrier-b": { port: b.port, maxCalls: 10_000 },
      "sos-a": { port: sosA.port, kind: "e911" },
      "sos-b": { port: sosB.port, kind: "e911" },
      sipp: { port: sippPort, maxCalls: 10_000 },
    },
    routes: [
      { name: "sipp", match: "^8005550300$", usages: ["any"], trunks: ["sipp"] },
      { name: "all", match: "^.*$", usages: ["any"], trunks: ["carrier-a", "carrier-b"] },
    ],
    emergency: { trunks: ["sos-a", "sos-b"] },
  });
  const caller = new StormCaller(phone, `${POOL_NAME}:${topology.port("east", "core")}`);
  return { topology, caller, callees, agents, plan, sippPort };
}

interface Play {
  readonly settings: StormSettings;
  readonly cluster: TestCluster;
  readonly scene: Scene;
  readonly faults: Disturbance;
  readonly redisUrl: string;
}

async function play(given: Play): Promise<StormResult> {
  const { settings, cluster, scene, faults } = given;
  const { rate, seconds, tell } = settings;
  const sipp = await startSipp(settings, cluster, scene);
  const pauses = monitorEventLoopDelay({ resolution: PAUSE_RESOLUTION_MS });
  pauses.enable();
  faults.start();
  const calls: Promise<void>[] = [];
  const startMs = Date.now();
  let mostEstablished = 0;
  for (let index = 0; index < rate * seconds; index += 1) {
    await delay(Math.max(0, startMs + (index * 1_000) / rate - Date.now()));
    calls.push(scene.caller.place(scene.plan(index)));
    mostEstablished = Math.max(mostEstablished, scene.caller.established);
    if (index % (rate * 10) === 0)
      tell(`${index} calls placed, ${scene.caller.established} up, ${faults.done.length} kills`);
  }
  await faults.stop();
  tell(`all ${calls.length} calls placed; waiting for their ends`);
  await Promise.all(calls);
  const sippResult = await sipp?.();
  pauses.disable();
  const endMs = Date.now();
  const leftOver = await settle(given, endMs);
  const { tell: _tell, ...kept } = settings;
  return {
    settings: kept,
    account: account({
      callers: scene.caller.views,
      callees: scene.callees.flatMap(({ views }) => views),
      calls: cluster.deliveredCallRecords(),
      attempts: cluster.attemptRecords(),
      faults: faults.done,
    }),
    faults: faults.done,
    mostEstablished,
    leftOver,
    sipp: sippResult ?? null,
    longestPauseMs: Math.round(pauses.max / 1e6),
  };
}

/**
 * An edge that died and is there again says 100 to a repeated INVITE that lay in its socket, though the call is answered by another edge meanwhile. A caller overhears that (RFC 3261 §17.1.1.2); SIPp
 * would abandon the call, with a BYE that names no dialog.
 */
const OVERHEARS = ["-default_behaviors", "all,-abortunexp"];

/** SIPp on both sides of the first edge, for as long as the storm lasts. */
async function startSipp({ sippRate, seconds, meanHoldMs }: StormSettings, cluster: TestCluster, scene: Scene) {
  if (sippRate === 0) return null;
  const placed = Math.round(sippRate * seconds);
  const limitMs = seconds * 1_000 + 4 * meanHoldMs + SETTLE_MS;
  const common = { logMessages: false, limitMs };
  const uas = await startUas({ ...common, scenario: "uas-basic-expect-200", port: scene.sippPort, calls: 10 * placed });
  const uac = await startUac({
    ...common,
    scenario: "uac-basic-expect-200",
    target: cluster.port("core"),
    service: "8005550300",
    calls: placed,
    rate: sippRate,
    holdMs: meanHoldMs,
    extraArgs: OVERHEARS,
  });
  return async () => {
    const caller = await uac.result;
    return { placed, caller, callee: await uas.stop() };
  };
}

/** Waits until no call and no load is left and every call has its record; what is left after that time is told. */
async function settle({ settings, cluster, scene, redisUrl }: Play, endMs: number): Promise<StormResult["leftOver"]> {
  const answered = scene.caller.views.filter(({ status }) => status === 200).map(({ sipCallId }) => sipCallId);
  const left = async (): Promise<{ load: number; calls: number }> => {
    const [shown, listed] = await Promise.all([cluster.api.get("/v1/trunks"), cluster.api.get("/v1/calls?limit=1")]);
    if (shown.status !== 200 || listed.status !== 200) return { load: Number.NaN, calls: Number.NaN };
    const trunks = shown.body as readonly { readonly load: number }[];
    const { total } = listed.body as { readonly total: number };
    return { load: trunks.reduce((sum, { load }) => sum + load, 0), calls: total };
  };
  const done = async (): Promise<boolean> => {
    const { load, calls } = await left();
    if (load !== 0 || calls !== 0) return false;
    const recorded = new Set(cluster.callRecords().map(({ sipCallId }) => sipCallId));
    return answered.every((id) => recorded.has(id));
  };
  await until(done, { limitMs: SETTLE_MS, everyMs: 500 }).catch(() => undefined);
  const afterMs = Date.now() - endMs;
  const places = (): Promise<number> => heldPlaces(redisUrl, LIMITED);
  // Places of a worker that died are the controller's to give back, when it has looked twice; they are told, not waited for.
  const limitMs = settings.faults.worker > 0 || settings.rolling ? 0 : SWEPT_MS;
  await until(async () => (await places()) === 0, { limitMs, everyMs: 500 }).catch(() => undefined);
  return { ...(await left()), places: await places(), afterMs };
}
