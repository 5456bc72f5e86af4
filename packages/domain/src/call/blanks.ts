import { blankPreparation, emergencyFacts, type EmergencyTransfer } from "../emergency/preparation.ts";
import type { Call } from "./call.ts";
import type { AttemptFacts, CallFacts } from "./facts.ts";
import type { Dialog, Party } from "./party.ts";
import type { AttemptPlan, LegProfile } from "./leg-profile.ts";
import { newCall } from "./new-call.ts";

const {
  parties: _parties,
  facts: _facts,
  attempts: _attempts,
  id: _id,
  v: _v,
  createdMs: _at,
  ...emptyCall
} = newCall("", 0);

const blankProfile: Partial<LegProfile> = {
  transport: "udp",
  forwardPai: false,
  forwardHistory: false,
  forwardDiversion: false,
  trusted: false,
  refer: "pass",
  reliableProvisional: "pass",
  maxEarlyDialogs: 20,
  sessionTimer: { offer: false, expiresS: 1_800, minSeS: 90, refresher: "either" },
  responseRules: [],
};

const blankPlan: Partial<AttemptPlan> = {
  suppressCallerId: false,
  maxCalls: 0,
  maxCallsPerSecond: 0,
  progressTimeoutMs: 10_000,
  connectTimeoutMs: 4_000,
  ringTimeoutMs: 180_000,
};

const blankParty: Partial<Party> = { usedCseq: 0, forks: 1 };

const blankDialog: Partial<Dialog> = {
  confirmed: true,
  ended: false,
  routes: [],
  localCseq: 0,
  remoteCseq: 0,
  allows: "",
  supports: "",
  offer: "none",
  timer: null,
  retryAtMs: 0,
  silenceSpared: false,
  lapseSpared: false,
  reliable: null,
  replaces: null,
};

const blankFacts: Partial<CallFacts> = newCall("", 0).facts;

const blankAttempt: Partial<AttemptFacts> = { ringMs: 0, answerMs: 0, endMs: 0, sipCode: 0, q850: null, outcome: "" };

const blankEmergency = emergencyFacts(blankPreparation);

const blankEmergencyTransfer: Partial<EmergencyTransfer> = { failedAtMs: null, pauses: [] };

const blankCall: Partial<Call> = { ...emptyCall, phase: "up" };

/** What the fields of a record mostly hold. The stored text leaves them out. A change here changes what old records mean: raise `v` with it. */
export const blanks = {
  call: blankCall,
  party: blankParty,
  dialog: blankDialog,
  profile: blankProfile,
  plan: blankPlan,
  facts: blankFacts,
  attempt: blankAttempt,
  emergency: blankEmergency,
  emergencyTransfer: blankEmergencyTransfer,
  preparation: blankPreparation,
} as const;
