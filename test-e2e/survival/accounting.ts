import type { AttemptDetailRecord, CallDetailRecord } from "@tandem/domain";
import { callLengthMs } from "./call-length.ts";
import type { Fault, FaultKind } from "./faults.ts";
import type { SequenceBreach } from "./sequence-watch.ts";
import type { CalleeView } from "./storm-callee.ts";
import type { CallerView } from "./storm-caller.ts";

/** What both sides and the detail records say of a storm. */
export interface Evidence {
  readonly callers: readonly CallerView[];
  readonly callees: readonly CalleeView[];
  readonly calls: readonly CallDetailRecord[];
  readonly attempts: readonly AttemptDetailRecord[];
  readonly faults: readonly Fault[];
}

/** A call that did not go as planned, and the fault that hit it, if one did. */
export interface Mishap {
  readonly token: string;
  readonly what: string;
  readonly emergency: boolean;
  readonly fault: FaultKind | null;
  /** What both sides saw, for whoever looks for the cause. */
  readonly caller: CallerView;
  readonly legs: readonly CalleeView[];
}

/** A request with a wrong number: in which dialog, and what was killed or replaced last before it. */
export interface WrongSequence extends SequenceBreach {
  readonly token: string;
  /** `caller`, or the gateway's name. */
  readonly at: string;
  readonly sipCallId: string;
  readonly emergency: boolean;
  /** ms since the call began. */
  readonly atCallMs: number;
  readonly lastFault: { readonly target: string; readonly agoMs: number } | null;
}

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Account {
  readonly calls: number;
  readonly emergency: number;
  readonly setups: { readonly answered: number; readonly cancelled: number; readonly lost: readonly Mishap[] };
  readonly established: { readonly calls: number; readonly lost: readonly Mishap[] };
  readonly emergencyLost: number;
  /** Requests in dialogs and how many were answered 200. */
  readonly byes: { readonly sent: number; readonly answered: number };
  readonly reInvites: { readonly sent: number; readonly answered: number };
  /** Requests of ours whose CSeq number was used before, or was below one used before. */
  readonly wrongSequences: readonly WrongSequence[];
  /** Requests of ours in dialogs that came twice, the same in every byte but Via: each of a transaction that somebody took over. */
  readonly repeated: number;
  /** Called legs that rang or talked although the call did not need them, and were never ended. */
  readonly orphans: readonly CalleeView[];
  /** Calls that rang twice at the same gateway: a leg too many, which is no lost call. */
  readonly rangTwice: number;
  /** Of them, those whose second leg came before the first was cancelled or ended. */
  readonly rangAtOnce: number;
  readonly records: {
    readonly missing: readonly string[];
    /** More than one record for one call. */
    readonly doubled: readonly string[];
    /** The same record delivered again, to be told by its id. */
    readonly redelivered: number;
    readonly attemptsMissing: number;
    readonly nodeLost: number;
    /** |duration of the record − from the called side's answer to the first BYE of either side| (ms). */
    readonly durationErrorMs: Spread;
    /** |duration of the record − what the caller saw| (ms): what waited for Redis on its way from one side to the other is in it, too. */
    readonly callerDifferenceMs: Spread;
  };
  /** Time that requests took which were under way when something died, or were sent within 5 s after (ms). */
  readonly recoveryMs: Spread;
  readonly postDialDelayMs: {
    readonly calm: Spread;
    readonly afterFaults: Spread;
    readonly emergencyAfterFaults: Spread;
  };
}

const STORMY_MS = 5_000;

/** Holds what the parties saw against the plans and the records. */
export function account(evidence: Evidence): Account {
  const { callers, callees, faults } = evidence;
  const legs = Map.groupBy(callees, ({ token }) => token);
  const stormy = (view: Pick<CallerView, "startMs">, untilMs: number): boolean =>
    faults.some(({ atMs }) => atMs + STORMY_MS > view.startMs && atMs < untilMs);
  const lostSetups = callers
    .filter(isLostSetup)
    .map((view) => mishap(view, `INVITE ended with ${view.status}`, evidence));
  const established = callers.filter(({ status, plan }) => status === 200 && plan.cancelMs === null);
  const lost = established.flatMap((view) => {
    const what = lostWhy(view, legs.get(view.plan.token) ?? []);
    return what === null ? [] : [mishap(view, what, evidence)];
  });
  const dialogSides = [...callers, ...callees];
  const delays = callers.filter(({ firstAnswerMs }) => firstAnswerMs > 0);
  const inStorm = delays.filter((view) => stormy(view, view.firstAnswerMs));
  const delayOf = (view: CallerView): number => view.firstAnswerMs - view.startMs - view.plan.ringMs;
  const inDialog = dialogSides.flatMap(({ requests }) => requests);
  return {
    calls: callers.length,
    emergency: callers.filter(({ plan }) => plan.emergency).length,
    setups: {
      answered: callers.filter(({ status }) => status === 200).length,
      cancelled: callers.filter(({ status }) => status === 487).length,
      lost: lostSetups,
    },
    established: { calls: established.length, lost },
    emergencyLost: [...lostSetups, ...lost].filter(({ emergency }) => emergency).length,
    byes: tally(dialogSides.map(({ byeStatus }) => byeStatus)),
    reInvites: tally(dialogSides.map(({ reInviteStatus }) => reInviteStatus)),
    wrongSequences: wrongSequences(evidence),
    repeated: dialogSides.reduce((sum, { repeated }) => sum + repeated, 0),
    orphans: callees.filter(isOrphan),
    rangTwice: [...legs.values()].filter((of) => pairsAtOneGateway(of).length > 0).length,
    rangAtOnce: [...legs.values()].filter((of) => pairsAtOneGateway(of).some(isAtOnce)).length,
    records: recordsOf(evidence),
    recoveryMs: spread([
      ...inStorm.map(delayOf),
      ...inDialog.filter((one) => stormy(one, one.startMs + one.tookMs)).map(({ tookMs }) => tookMs),
    ]),
    postDialDelayMs: {
      calm: spread(delays.filter((view) => !stormy(view, view.firstAnswerMs)).map(delayOf)),
      afterFaults: spread(inStorm.map(delayOf)),
      emergencyAfterFaults: spread(inStorm.filter(({ plan }) => plan.emergency).map(delayOf)),
    },
  };
}

function wrongSequences({ callers, callees, faults }: Evidence): readonly WrongSequence[] {
  const plans = new Map(callers.map((caller) => [caller.plan.token, caller]));
  const sides = [
    ...callers.map((view) => ({ ...view, token: view.plan.token, at: "caller" })),
    ...callees.map((view) => ({ ...view, at: view.gateway })),
  ];
  return sides.flatMap(({ breaches, token, at, sipCallId }) =>
    breaches.map((breach) => {
      const { atMs } = breach.later;
      const fault = faults.findLast((one) => one.atMs <= atMs);
      const caller = plans.get(token);
      return {
        ...breach,
        token,
        at,
        sipCallId,
        emergency: caller?.plan.emergency ?? false,
        atCallMs: atMs - (caller?.startMs ?? atMs),
        lastFault: fault === undefined ? null : { target: fault.target, agoMs: atMs - fault.atMs },
      };
    }),
  );
}

function isLostSetup({ status, plan }: CallerView): boolean {
  return status !== 200 && !(status === 487 && plan.cancelMs !== null);
}

/** Why an established call did not go as planned; null: it did. */
function lostWhy(view: CallerView, legs: readonly CalleeView[]): string | null {
  const { plan } = view;
  const dueMs = view.answerMs + plan.holdMs * 0.9;
  if (view.byeCameMs > 0 && view.byeCameMs < dueMs) return "ended by the system before its time";
  const talked = legs.filter(({ ackMs }) => ackMs > 0);
  // Of two legs that were answered the one too many is ended at once; the call is the other.
  const kept = talked.filter(({ byeCameMs }) => byeCameMs === 0 || byeCameMs >= dueMs);
  if (talked.length > 0 && kept.length === 0) return "the called leg was ended before its time";
  if (plan.endedBy === "caller" && view.byeStatus !== 200 && view.byeCameMs === 0) return `BYE got ${view.byeStatus}`;
  if (plan.endedBy === "callee" && view.byeCameMs === 0) return "the called side's BYE never came";
  if (!kept.some(({ byeCameMs, byeStatus }) => byeCameMs > 0 || byeStatus === 200)) return "the called leg never ended";
  return null;
}

/** A leg of a gateway that was left alone: still ringing, or answered and never ended. */
function isOrphan({ refused, cancelMs, answerMs, byeCameMs, byeStatus }: CalleeView): boolean {
  if (refused > 0 || cancelMs > 0) return false;
  if (answerMs === 0) return true;
  return byeCameMs === 0 && byeStatus !== 200;
}

type Pair = readonly [earlier: CalleeView, later: CalleeView];

/** Legs of one call that rang at one gateway, each with the one after it. */
function pairsAtOneGateway(legs: readonly CalleeView[]): readonly Pair[] {
  const rang = legs.filter(({ refused }) => refused === 0).toSorted((one, other) => one.startMs - other.startMs);
  return rang.flatMap((later, index) => {
    const earlier = rang.slice(0, index).findLast(({ gateway }) => gateway === later.gateway);
    return earlier === undefined ? [] : [[earlier, later] as const];
  });
}

function isAtOnce([{ cancelMs, byeCameMs }, later]: Pair): boolean {
  return later.startMs < (cancelMs || byeCameMs || Infinity);
}

function mishap(view: CallerView, what: string, { faults, callees }: Evidence): Mishap {
  const { token, emergency } = view.plan;
  const legs = callees.filter((leg) => leg.token === token);
  const hit = faultOf(view, legs, faults);
  return { token, what, emergency, fault: hit?.kind ?? null, caller: view, legs };
}

/** What died last before an established call's last request had its answer; for a set-up, what died first during it, or shortly before. */
function faultOf(view: CallerView, legs: readonly CalleeView[], faults: readonly Fault[]): Fault | undefined {
  const answered = [view, ...legs].flatMap(({ requests }) => requests).map(({ startMs, tookMs }) => startMs + tookMs);
  const untilMs = Math.max(view.endMs, ...answered) || view.startMs + 40_000;
  const during = faults.filter(({ atMs }) => atMs > view.startMs - 2_000 && atMs < untilMs);
  return view.endMs > 0 ? during.at(-1) : during[0];
}

function tally(statuses: readonly (number | null)[]): { readonly sent: number; readonly answered: number } {
  const sent = statuses.filter((status) => status !== null);
  return { sent: sent.length, answered: sent.filter((status) => status === 200).length };
}

function recordsOf({ callers, callees, calls, attempts }: Evidence): Account["records"] {
  const ids = Map.groupBy(calls, ({ sipCallId }) => sipCallId);
  const attemptIds = new Set(attempts.map(({ id }) => id));
  const missing: string[] = [];
  const doubled: string[] = [];
  const legs = Map.groupBy(callees, ({ token }) => token);
  const errors: number[] = [];
  const differences: number[] = [];
  for (const view of callers) {
    const records = ids.get(view.sipCallId) ?? [];
    const distinct = new Set(records.map(({ id }) => id));
    const [record] = records;
    // A call that nobody served and nobody recorded is a lost set-up, not a lost record.
    if (record === undefined) {
      if (view.status === 200) missing.push(view.plan.token);
      continue;
    }
    if (distinct.size > 1) doubled.push(view.plan.token);
    const lengthMs = callLengthMs(view, legs.get(view.plan.token) ?? []);
    if (lengthMs !== null) errors.push(Math.abs(record.durationMs - lengthMs));
    if (view.answerMs > 0 && view.endMs > 0)
      differences.push(Math.abs(record.durationMs - (view.endMs - view.answerMs)));
  }
  const unique = [...new Map(calls.map((call) => [call.id, call])).values()];
  const wanted = unique.flatMap(({ id, attempts: count }) => Array.from({ length: count }, (_, n) => `${id}-${n + 1}`));
  return {
    missing,
    doubled,
    redelivered: calls.length - unique.length,
    attemptsMissing: wanted.filter((id) => !attemptIds.has(id)).length,
    nodeLost: unique.filter(({ failure }) => failure === "node-lost").length,
    durationErrorMs: spread(errors),
    callerDifferenceMs: spread(differences),
  };
}

/** Median, 99th percentile and maximum; zeros for no values. */
function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 };
}
