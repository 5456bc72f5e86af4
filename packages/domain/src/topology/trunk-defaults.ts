import { defaultTrunkEmergency } from "./emergency-defaults.ts";
import type { ProbeSettings, SessionTimerSettings, TrunkSettings } from "./topology.ts";

/** RFC 4028: 1800 s is the recommended interval (§4), 90 s the lowest Min-SE (§5). */
export const defaultSessionTimer: SessionTimerSettings = {
  offer: false,
  expiresS: 1800,
  minSeS: 90,
  refresher: "either",
};

/** OPTIONS once a minute; five misses in a row are down, one answer is up again. */
export const defaultProbe: ProbeSettings = {
  enabled: true,
  intervalMs: 60_000,
  downIntervalMs: 60_000,
  timeoutMs: 4_000,
  failuresToDown: 5,
  successesToUp: 1,
  watchCalls: true,
};

/** Statuses after which the next trunk is tried: the peer did not answer, or it failed (5xx). */
export const defaultFailoverCodes: readonly number[] = [408, 5];

/** What a trunk does unless its document says otherwise. */
export const defaultTrunkSettings: TrunkSettings = {
  enabled: true,
  maxCalls: 0,
  maxCallsPerSecond: 0,
  progressTimeoutMs: 10_000,
  connectTimeoutMs: 4_000,
  ringTimeoutMs: 180_000,
  failoverCodes: defaultFailoverCodes,
  responseRules: [],
  usages: [],
  calledRules: [],
  callingRules: [],
  removePlus: false,
  forwardPai: false,
  forwardHistory: false,
  forwardDiversion: false,
  trusted: false,
  refer: "pass",
  sessionTimer: defaultSessionTimer,
  reliableProvisional: "pass",
  maxEarlyDialogs: 20,
  probe: defaultProbe,
  weight: 1,
  emergency: defaultTrunkEmergency,
  emergencyReserve: 0,
};
