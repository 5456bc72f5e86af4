import type { AttemptPlan, LegProfile } from "../call/leg-profile.ts";
import { type CompiledTrunk, listenerKey, type PoolListener, type Snapshot } from "../topology/snapshot.ts";
import type { Transport, TrunkSettings } from "../topology/topology.ts";
import { defaultTrunkSettings } from "../topology/trunk-defaults.ts";
import type { Attempt, Decision } from "./decision.ts";
import { hostPort } from "./host-port.ts";

/** Attempts of a decision with everything the call machine needs, in order; none for a rejection. */
export function attemptPlans(decision: Decision, snapshot: Snapshot): readonly AttemptPlan[] {
  if (decision.kind === "reject") return [];
  const limited = decision.kind === "route";
  return decision.attempts.flatMap((attempt) => {
    const trunk = snapshot.trunks.get(attempt.trunk);
    return trunk === undefined ? [] : [attemptPlan(attempt, trunk, limited)];
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
  return attemptPlan(attempt, trunk, false);
}

function attemptPlan(attempt: Attempt, trunk: CompiledTrunk, limited: boolean): AttemptPlan {
  const { settings } = trunk.trunk;
  return {
    profile: trunkProfile(trunk),
    route: attempt.route,
    calledNumber: attempt.calledNumber,
    callingNumber: attempt.callingNumber,
    suppressCallerId: attempt.suppressCallerId,
    // No limit ever holds up an emergency call.
    maxCalls: limited ? settings.maxCalls : 0,
    maxCallsPerSecond: limited ? settings.maxCallsPerSecond : 0,
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
