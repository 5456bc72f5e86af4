import type {
  EmergencyNumber,
  EmergencyPlan,
  LocationPolicy,
  ServiceDescription,
  TrunkEmergencySettings,
} from "./emergency-plan.ts";

/** 911, and 933, at which E9-1-1 providers read the caller's number and address back. */
export const usualEmergencyNumbers: readonly EmergencyNumber[] = [
  { dial: "911", masks: [], test: false },
  { dial: "933", masks: [], test: true },
];

/**
 * The emergency section of a topology that writes none. The times of an attempt: 2 s are three sendings of a UDP INVITE (RFC 3261 §17.1.1.2,
 * T1 500 ms) or a TLS connection across a continent; with 6 s for the first ring, a caller with one silent provider is at the third way out
 * within 15 s of dialling.
 */
export const defaultEmergencyPlan: EmergencyPlan = {
  trunks: [],
  preferOwnPool: true,
  fallbackTrunks: [],
  numbers: usualEmergencyNumbers,
  screeningNumber: null,
  screeningTrunks: [],
  screenedCalls: "provider",
  connectTimeoutMs: 2_000,
  progressTimeoutMs: 6_000,
  callbackWindowMs: 1_800_000,
  callbackHeader: null,
  preemption: "oldest",
  clearFallback: false,
  siteFrom: "source",
  siteHeader: null,
  policy: null,
  policies: [],
  users: [],
  sites: [],
  erls: [],
  notificationTargets: [],
  mediaRelays: [],
  mediaMixers: [],
  lis: { secondary: null },
  provider: null,
  heartbeatMs: 60_000,
  heartbeatTestCallMs: 86_400_000,
};

/** What a location policy holds besides its name unless it says otherwise. */
export const defaultLocationPolicy: Omit<LocationPolicy, "name"> = {
  numbers: [],
  trunks: [],
  fallbackTrunks: [],
  locationRequired: "no",
  disclaimer: null,
  screenedCalls: null,
  notify: [],
  conference: null,
  testCalls: { trunks: [], notify: true },
};

/** An enterprise's own multi-line telephone system, whose phones may stand anywhere. */
export const defaultServiceDescription: ServiceDescription = {
  environment: "Business",
  type: "MLTS-local",
  mobility: "Unknown",
};

/** Passes locations on, and is walked by the heartbeat with OPTIONS. */
export const defaultTrunkEmergency: TrunkEmergencySettings = {
  profile: null,
  location: "pass",
  psap: null,
  testCall: false,
  heartbeat: true,
};
