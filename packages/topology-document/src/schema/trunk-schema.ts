import { z } from "zod";
import { emergencyReserve, trunkEmergency } from "./emergency-schema.ts";
import { count, duration, name } from "./fields.ts";
import { wording } from "./wording.ts";

const pattern = z.string().min(1).max(256);

/** One translation or normalisation rule as written. */
export const numberRule = z.strictObject({
  name: name.optional().describe("shown in dry runs; default: rule-1, rule-2, …"),
  match: pattern.describe("pattern of the whole number"),
  replace: z.string().max(128).describe("what the number becomes; $1 is the first group"),
});

const responseRule = z
  .strictObject({
    code: count(300, 699).optional().describe("SIP status; absent: any"),
    cause: count(1, 127).optional().describe("Q.850 cause of the Reason header; absent: any or none"),
    becomes: count(300, 699).describe("status the response is treated as"),
  })
  .refine(({ code, cause }) => code !== undefined || cause !== undefined, {
    error: wording("matches every response", 'give "code", "cause" or both'),
  });

const noFailover = wording(
  "is no status to fail over on",
  "use a number from 300 to 599 or 3xx, 4xx, 5xx; 6xx ends a call everywhere",
);
const failoverCode = z.union(
  [z.number().int(noFailover).min(300, noFailover).max(599, noFailover), z.string().regex(/^[345]xx$/, noFailover)],
  noFailover,
);

const off = z.union([z.literal("off").transform(() => 0), z.literal(0), duration(100, 600_000)], {
  error: wording("is no duration", "write it as 500ms, 10s or 2m (at most 10m), or off"),
});

const sessionTimer = z.strictObject({
  offer: z
    .boolean()
    .optional()
    .describe("start session timers ourselves; a peer that starts them is always answered; default false"),
  expires: duration(90_000, 86_400_000).optional().describe("Session-Expires we ask for; default 30m"),
  minSe: duration(90_000, 86_400_000)
    .optional()
    .describe("lowest interval we accept (RFC 4028: at least 90s); default 90s"),
  refresher: z.enum(["us", "peer", "either"]).optional().describe("who refreshes; default either"),
});

const probe = z.strictObject({
  enabled: z.boolean().optional().describe("send OPTIONS to the gateway; default true"),
  interval: duration(1_000, 3_600_000).optional().describe("interval while the trunk is up; default 60s"),
  downInterval: duration(1_000, 3_600_000).optional().describe("interval while the trunk is down; default 60s"),
  timeout: duration(100, 32_000).optional().describe("wait this long for an answer; default 4s"),
  failuresToDown: count(1, 100).optional().describe("misses in a row that take the trunk down; default 5"),
  successesToUp: count(1, 100).optional().describe("answers in a row that bring it back; default 1"),
  watchCalls: z
    .boolean()
    .optional()
    .describe("failed and answered calls count like missed and answered probes; default: as enabled"),
});

/** Settings of a trunk as written; all optional, in trunkDefaults and under each trunk. */
const trunkSettings = {
  enabled: z.boolean().optional().describe("false: no ordinary call uses it; default true"),
  maxCalls: count(0, 1_000_000).optional().describe("most calls at once, cluster-wide; 0, the default: no limit"),
  maxCallsPerSecond: count(0, 100_000)
    .optional()
    .describe("most new calls per second, cluster-wide; 0, the default: no limit"),
  progressTimeout: off.optional().describe("next trunk when no 18x came within this time; off: wait; default 10s"),
  connectTimeout: duration(100, 60_000)
    .optional()
    .describe("next trunk when nothing at all came within this time; default 4s"),
  ringTimeout: duration(1_000, 3_600_000).optional().describe("give up an unanswered call after this time; default 3m"),
  failoverCodes: z
    .array(failoverCode)
    .optional()
    .describe("statuses after which the next trunk is tried; default 408 and 5xx"),
  responseRules: z.array(responseRule).optional().describe("what a response is treated as; first match wins"),
  dialPlan: name.optional().describe("dial plan for calls that arrive on this trunk"),
  usages: z.array(name).optional().describe("what calls arriving on this trunk may use, in order"),
  calledRules: z.array(numberRule).optional().describe("rewrite the called number of calls leaving here"),
  callingRules: z.array(numberRule).optional().describe("rewrite the calling number of calls leaving here"),
  removePlus: z.boolean().optional().describe("send the called number without its leading +; default false"),
  forwardPai: z.boolean().optional().describe("pass P-Asserted-Identity; default false"),
  forwardHistory: z.boolean().optional().describe("pass History-Info; default false"),
  forwardDiversion: z.boolean().optional().describe("pass Diversion; default false"),
  trusted: z.boolean().optional().describe("the gateway is in our trust domain (RFC 3325); default false"),
  refer: z.enum(["pass", "act", "refuse"]).optional().describe("what happens to a REFER from this trunk; default pass"),
  sessionTimer: sessionTimer.optional().describe("RFC 4028"),
  reliableProvisional: z.enum(["pass", "require", "off"]).optional().describe("RFC 3262 on this leg; default pass"),
  maxEarlyDialogs: count(1, 100).optional().describe("most forks a call may have; default 20"),
  probe: probe.optional().describe("OPTIONS health checks"),
  emergency: trunkEmergency.optional().describe("what it does with emergency calls"),
  emergencyReserve,
  clearTrunk: name.optional().describe("trunk to the same gateway without TLS, for emergency calls when TLS fails"),
  weight: count(0, 1_000).optional().describe("share with the strategies weight and least-loaded; default 1"),
} as const;

export const trunkDefaults = z.strictObject(trunkSettings);

/** One trunk as written: the tuple and its own settings. */
export const trunk = z.strictObject({
  name,
  pool: name,
  listener: name.describe("a listener of the pool; its transport is the trunk's"),
  gateway: name,
  port: count(0, 65_535).default(5060).describe("the gateway's port; 0: by DNS SRV"),
  ...trunkSettings,
});

export type TrunkDocument = z.output<typeof trunk>;
export type TrunkDefaultsDocument = z.output<typeof trunkDefaults>;
