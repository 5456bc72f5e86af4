import type { MeasuredConstants } from "./constants.ts";
import { channelSeconds, partsOfOne, peakCallsPerSecond, type Demand, type Share } from "./demand.ts";
import { blockingOf, channelsFor } from "./erlang-b.ts";
import { SHARDS } from "./shards.ts";

/** What the demand takes. */
export interface Plan {
  readonly callsPerSecond: number;
  /** Channels busy on average, all gateways together. */
  readonly erlangs: number;
  readonly establishedCalls: number;
  readonly pools: readonly PoolPlan[];
  readonly redis: RedisPlan;
  readonly gateways: readonly GatewayPlan[];
}

export interface PoolPlan {
  readonly name: string;
  /** With every pool in service, and with this one taking the part of the largest other. */
  readonly callsPerSecond: number;
  readonly callsPerSecondOneLost: number;
  /** Enough for the second figure with one of them lost. */
  readonly workers: number;
  readonly edges: number;
  /** What the number of workers comes from. */
  readonly boundBy: "cpu" | "setups";
  readonly setupsAtOnce: number;
}

export interface RedisPlan {
  /** `maxmemory` of all masters together: calls, waiting detail records, and as much again for copies during a save. */
  readonly bytes: number;
  /** Busy cores, all masters together. */
  readonly cores: number;
  /** Whole clusters to divide the calls over, each with its own Redis; more than 1: the shards of one cannot carry them. */
  readonly clusters: number;
  /** Masters of each cluster so that none uses more than its share of a core; 1: a single Redis with a replica does. */
  readonly masters: number;
}

export interface GatewayPlan {
  readonly name: string;
  readonly erlangs: number;
  /** Channels for the wanted blocking with every gateway in service, and with the largest other one lost. */
  readonly channels: number;
  readonly channelsOneLost: number;
  /** What the smaller number would block with that gateway lost. */
  readonly blockingOneLost: number;
}

/** Waiting detail records and calls fill half of the memory at most: saving copies pages that change meanwhile. */
const REDIS_ROOM = 2;
/**
 * Masters that share the shards of the calls evenly; other numbers leave one as busy as the next smaller of these. A shard is on one master, so more of them
 * than shards would be idle. A Redis Cluster has three masters at least: of two, one alone could not agree on the other's successor.
 */
const EVEN_MASTERS = [1, 4, SHARDS];

/** From demand to a size. Pure arithmetic on means and peaks; packages/capacity/test compares it with simulated days. */
export function plan(demand: Demand, constants: MeasuredConstants): Plan {
  const callsPerSecond = peakCallsPerSecond(demand);
  const establishedCalls = callsPerSecond * demand.answered * demand.holdS;
  const erlangs = callsPerSecond * channelSeconds(demand);
  const pools = partsOfOne(demand.pools);
  return {
    callsPerSecond,
    erlangs,
    establishedCalls,
    pools: pools.map((pool) => planPool(pool, pools, { demand, constants, callsPerSecond })),
    redis: planRedis({ demand, constants, callsPerSecond }, establishedCalls),
    gateways: planGateways(demand, erlangs),
  };
}

interface Load {
  readonly demand: Demand;
  readonly constants: MeasuredConstants;
  readonly callsPerSecond: number;
}

function planPool({ name, share }: Share, pools: readonly Share[], load: Load): PoolPlan {
  const { constants, demand } = load;
  const callsPerSecond = load.callsPerSecond * share;
  const callsPerSecondOneLost = load.callsPerSecond * withLargestLost(name, pools);
  const setupsAtOnce = callsPerSecondOneLost * demand.ringS;
  const forCpu = processes(callsPerSecondOneLost, constants.workerMsPerCall, constants.utilisation);
  const forSetups = Math.ceil(setupsAtOnce / (constants.setupsPerWorker * constants.utilisation));
  return {
    name,
    callsPerSecond,
    callsPerSecondOneLost,
    workers: Math.max(forCpu, forSetups) + 1,
    edges: processes(callsPerSecondOneLost, constants.edgeMsPerCall, constants.utilisation) + 1,
    boundBy: forSetups > forCpu ? "setups" : "cpu",
    setupsAtOnce,
  };
}

/** A part's share of the whole when the largest of the others is gone and its calls spread over those left. */
function withLargestLost(name: string, parts: readonly Share[]): number {
  const own = parts.find((part) => part.name === name)?.share ?? 0;
  const others = parts.filter((part) => part.name !== name).map(({ share }) => share);
  return others.length === 0 ? own : own / (1 - Math.max(...others));
}

function processes(callsPerSecond: number, msPerCall: number, utilisation: number): number {
  return Math.max(1, Math.ceil((callsPerSecond * msPerCall) / 1_000 / utilisation));
}

function planRedis({ demand, constants, callsPerSecond }: Load, establishedCalls: number): RedisPlan {
  const calls = (establishedCalls + callsPerSecond * demand.ringS) * constants.redisBytesPerCall;
  const recordsPerCall = 1 + demand.attemptsPerCall;
  const records = demand.busyHourCalls * recordsPerCall * demand.recordHours * constants.redisBytesPerDetailRecord;
  const cores = (callsPerSecond * constants.redisMsPerCall) / 1_000;
  const clusters = Math.max(1, Math.ceil(cores / (SHARDS * constants.utilisation)));
  const enough = EVEN_MASTERS.find((masters) => cores / clusters / masters <= constants.utilisation);
  return { bytes: REDIS_ROOM * (calls + records), cores, clusters, masters: enough ?? SHARDS };
}

function planGateways(demand: Demand, erlangs: number): readonly GatewayPlan[] {
  const gateways = partsOfOne(demand.gateways);
  return gateways.map(({ name, share }) => {
    const own = erlangs * share;
    const oneLost = erlangs * withLargestLost(name, gateways);
    const channels = channelsFor(own, demand.blocking);
    return {
      name,
      erlangs: own,
      channels,
      channelsOneLost: channelsFor(oneLost, demand.blocking),
      blockingOneLost: blockingOf(oneLost, channels),
    };
  });
}
