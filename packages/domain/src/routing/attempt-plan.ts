import { barePlan } from "../call/bare-plan.ts";
import type { AttemptPlan, LegProfile } from "../call/leg-profile.ts";
import { type CompiledTrunk, listenerKey, type PoolListener, type Snapshot } from "../topology/snapshot.ts";
import type { Transport, TrunkSettings } from "../topology/topology.ts";
import { defaultTrunkSettings } from "../topology/trunk-defaults.ts";
import { ordinaryLimits } from "./consider-trunk.ts";
import type { Attempt, Decision } from "./decision.ts";
import { hostPort } from "./host-port.ts";

/** Attempts of a decision with everything the call machine needs, in order; none for a rejection. */
export function attemptPlans(decision: Decision, snapshot: Snapshot): readonly AttemptPlan[] {
  if (decision.kind === "reject") return [];
  const planOf = decision.kind === "emergency" ? emergencyPlan : ordinaryPlan;
  return decision.attempts.flatMap((attempt) => {
    const trunk = snapshot.trunks.get(attempt.trunk);
    return trunk === undefined ? [] : [planOf(attempt, trunk, snapshot)];
  });
}

/** Profile of a leg on a trunk, or null when the snapshot has no such trunk. */
export function legProfile(trunkName: string, snapshot: Snapshot): LegProfile | null {
  const trunk = snapshot.trunks.get(trunkName);
  return trunk === undefined ? null : trunkProfile(trunk);
}

/** Where a request without a trunk came from. */
export interface Stranger {
  readonly pool: string;
  readonly listener: string;
  readonly address: string;
  readonly port: number;
}

/**
 * Profile of the caller's leg when no trunk names the caller: an emergency call on a listener that serves callers. The trunk's name is empty,
 * settings are the defaults. Null when the snapshot has no such listener.
 */
export function strangerProfile(stranger: Stranger, snapshot: Snapshot): LegProfile | null {
  const local = snapshot.listeners.get(listenerKey(stranger.pool, stranger.listener));
  if (local === undefined) return null;
  return profile("", local, { host: stranger.address, port: stranger.port }, defaultTrunkSettings);
}

/** One attempt outside all limits. */
export function exemptPlan(attempt: Attempt, trunk: CompiledTrunk): AttemptPlan {
  return plan(attempt, trunk);
}

function ordinaryPlan(attempt: Attempt, trunk: CompiledTrunk): AttemptPlan {
  return { ...plan(attempt, trunk), ...ordinaryLimits(trunk.trunk.settings) };
}

/**
 * The plan of an emergency attempt. It waits less: the plan's times hold where the trunk's own are longer or off. A TLS trunk has its clear twin in
 * hand where the topology allows it (RFC 6881 SP-31).
 */
function emergencyPlan(attempt: Attempt, trunk: CompiledTrunk, snapshot: Snapshot): AttemptPlan {
  const { connectTimeoutMs, progressTimeoutMs, clearFallback } = snapshot.emergency.plan;
  const { settings } = trunk.trunk;
  const twin = clearFallback ? snapshot.trunks.get(settings.clearTrunk ?? "") : undefined;
  const timed = {
    ...plan(attempt, trunk),
    connectTimeoutMs: Math.min(settings.connectTimeoutMs, connectTimeoutMs),
    progressTimeoutMs: shorter(settings.progressTimeoutMs, progressTimeoutMs),
  };
  const own = { ...timed, ...placeOn(trunk, snapshot) };
  if (twin === undefined) return own;
  return { ...own, inClear: { ...timed, profile: trunkProfile(twin), ...placeOn(twin, snapshot) } };
}

/** The place that an emergency call takes on a trunk with a limit. */
function placeOn({ trunk }: CompiledTrunk, { emergency }: Snapshot): Pick<AttemptPlan, "seizes"> {
  const { maxCalls } = trunk.settings;
  return maxCalls > 0 ? { seizes: { maxCalls, preempts: emergency.plan.preemption === "oldest" } } : {};
}

/** 0 means off. */
function shorter(ownMs: number, limitMs: number): number {
  return ownMs === 0 ? limitMs : Math.min(ownMs, limitMs);
}

/** Without limits: no limit ever holds up an emergency call. */
function plan(attempt: Attempt, trunk: CompiledTrunk): AttemptPlan {
  const { settings } = trunk.trunk;
  return {
    ...barePlan(trunkProfile(trunk), attempt),
    route: attempt.route,
    suppressCallerId: attempt.suppressCallerId,
    progressTimeoutMs: settings.progressTimeoutMs,
    connectTimeoutMs: settings.connectTimeoutMs,
    ringTimeoutMs: settings.ringTimeoutMs,
    failoverCodes: settings.failoverCodes,
    ...(attempt.emergency !== null && { emergency: attempt.emergency }),
  };
}

/** One profile per trunk and snapshot: the calls of a worker share it. */
const profiles = new WeakMap<CompiledTrunk, LegProfile>();

function trunkProfile(trunk: CompiledTrunk): LegProfile {
  const known = profiles.get(trunk);
  if (known !== undefined) return known;
  const peer = { host: trunk.gateway.address, port: trunk.trunk.port };
  const made = profile(trunk.trunk.name, trunk, peer, trunk.trunk.settings);
  profiles.set(trunk, made);
  return made;
}

function profile(
  trunk: string,
  { pool, listener }: PoolListener,
  peer: { readonly host: string; readonly port: number },
  settings: TrunkSettings,
): LegProfile {
  return {
    trunk,
    pool: pool.name,
    listener: listener.name,
    transport: listener.transport,
    contactHost: hostPort(pool.fqdn ?? listener.advertisedAddress, listener.advertisedPort),
    peerHost: hostPort(peer.host, peer.port),
    nextHop: nextHop(peer.host, peer.port, listener.transport),
    forwardPai: settings.forwardPai,
    forwardHistory: settings.forwardHistory,
    forwardDiversion: settings.forwardDiversion,
    trusted: settings.trusted,
    refer: settings.refer,
    reliableProvisional: settings.reliableProvisional,
    maxEarlyDialogs: settings.maxEarlyDialogs,
    sessionTimer: settings.sessionTimer,
    responseRules: settings.responseRules,
  };
}

function nextHop(host: string, port: number, transport: Transport): string {
  return `sip:${hostPort(host, port)};transport=${transport};lr`;
}
