import type { Mishap, Spread, WrongSequence } from "./accounting.ts";
import type { SeenRequest } from "./sequence-watch.ts";
import type { StormResult } from "./storm.ts";

/** One goal and whether a storm met it. */
export interface Goal {
  readonly goal: string;
  readonly figure: string;
  readonly met: boolean;
}

const RECOVERY_GOAL_MS = 2_000;
/** What the caller's and the worker's clocks may differ by on the way of a message and its repetitions. */
const DURATION_GOAL_MS = 1_000;

/** The goals of a storm, each with its figure. */
export function verdict({ account, leftOver }: StormResult): readonly Goal[] {
  const { setups, established, records, byes, recoveryMs } = account;
  const onWorkers = setups.lost.filter(({ fault }) => fault === "worker").length;
  const recordErrors = records.missing.length + records.doubled.length + records.attemptsMissing;
  return [
    goal("established calls lost: 0", established.lost.length, established.lost.length === 0),
    goal("emergency calls lost: 0", account.emergencyLost, account.emergencyLost === 0),
    goal("set-ups lost on a worker's death: 0", onWorkers, onWorkers === 0),
    goal("set-ups lost at all: 0", setups.lost.length, setups.lost.length === 0),
    goal("BYEs answered 200: all", `${byes.answered} of ${byes.sent}`, byes.answered === byes.sent),
    goal("detail records missing or doubled: 0", recordErrors, recordErrors === 0),
    goal(
      `detail records' durations right within ${DURATION_GOAL_MS} ms at p99`,
      `${records.durationErrorMs.p99} ms`,
      records.durationErrorMs.p99 <= DURATION_GOAL_MS,
    ),
    goal("CSeq numbers reused or reversed: 0", account.wrongSequences.length, account.wrongSequences.length === 0),
    goal("called legs left alone: 0", account.orphans.length, account.orphans.length === 0),
    goal("load left on trunks: 0", leftOver.load, leftOver.load === 0),
    goal("time to recover under 2 s at p99", `${recoveryMs.p99} ms`, recoveryMs.p99 < RECOVERY_GOAL_MS),
  ];
}

function goal(text: string, figure: string | number, met: boolean): Goal {
  return { goal: text, figure: String(figure), met };
}

/** The page of one storm, in the form of docs/survival.md. */
export function formatReport(result: StormResult, started: Date): string {
  const goals = table(
    ["goal", "this run", ""],
    verdict(result).map(({ goal: text, figure, met }) => [text, figure, met ? "met" : "**not met**"]),
  );
  return `${[
    "# Survival",
    INTRODUCTION,
    "## This run",
    runOf(result, started),
    goals.join("\n"),
    "## Figures",
    figuresOf(result).join("\n"),
    ...mishapsOf(result),
    ...breachesOf(result),
    METHOD,
  ].join("\n\n")}\n`;
}

const INTRODUCTION = `What of the calls is left while processes are killed with \`kill -9\`. \`npm run survival -- --report FILE\` wrote this page of one storm; \`--help\` lists rate,
mix, seed and the rest. docs/survival.md has what the short form asserts with the end-to-end tests (\`test-e2e/tests/survival.e2e.test.ts\`).`;

const METHOD = `## What is not covered

- An answer that the called side sends to an edge that was just killed reaches nobody of ours until it is repeated to one that lives: the record's duration begins then. Kills of edges are part of a
  run only when asked for (\`--faults edge=…\`).
- Redis replicates asynchronously. What the primary acknowledged in the last moments before its death, on one machine below 1 ms, may be unknown to its successor: a call made
  then is unknown afterwards (481 to its BYE, its record missing) unless its worker still sets it up, an older one goes back by the steps of that moment. \`min-replicas-to-write\` on the primary bounds how long a cut-off
  one goes on acknowledging. Emergency calls are kept from it: every record of theirs, from the one before the INVITE goes out to the detail records, is acknowledged
  when a replica has it, or after \`TANDEM_REPLICA_WAIT_MS\` (50 ms). Where no replica confirms in that time, or there is none, the window is that of all others; the
  worker's log says so, and the calls go on without the wait.

## How it is counted

- Callers and called gateways are user agents of our own with RFC 3261 transactions (test-e2e/survival): they know the pool by its name, which stands for the addresses of
  all its edges, and repeat an unanswered request at the next address, as behind an address that moves. Each call carries a number both sides know, so both sides' views are held
  against its plan and against its detail record. SIPp, on both sides as well, knows one edge's address only.
- An established call is lost when its end was not the planned one: ended early, a BYE without 200, or one leg left alone. A set-up is lost when the INVITE did not end as planned.
- CSeq numbers: a request of ours in a dialog counts as wrong when its number is not above all before it (RFC 3261 §12.2.1.1), unless it is one of them again, the same in every byte but Via: who takes
  a call over, or sends by another way (RFC 3263 §4.3), cannot know whether the first came through. Those are told by themselves.
- Time to recover: of every request under way when something was killed, or sent within 5 s after it, the time from its first sending to its answer; for INVITE to the first
  18x or final answer, less the time the called side rang before it.
- A detail record's duration is held against the time from the called side's answer to the BYE of whoever hung up. The caller hears the answer, and the other side the BYE,
  when the record is stored: what waits for Redis between the two sides is told besides, as the difference to what the caller saw.`;

function runOf({ settings, faults, mostEstablished }: StormResult, started: Date): string {
  const kinds = ["worker", "edge", "controller", "redis"] as const;
  const killed = kinds.map(
    (kind) =>
      `${faults.filter((fault) => fault.kind === kind).length} ${kind === "redis" ? "Redis primaries" : `${kind}s`}`,
  );
  return `${started.toISOString()}, seed ${settings.seed}: ${settings.rate} calls/s for ${settings.seconds} s, ${mostEstablished} up at most; ${settings.workers} workers, ${settings.edges} edges.
Killed: ${killed.join(", ")}.`;
}

function figuresOf({ account, leftOver, sipp }: StormResult): readonly string[] {
  const { setups, established, byes, reInvites, records, postDialDelayMs, recoveryMs } = account;
  const rows: string[][] = [
    ["calls", String(account.calls)],
    ["of them emergency", String(account.emergency)],
    ["answered", String(setups.answered)],
    ["cancelled by the caller, as planned", String(setups.cancelled)],
    ["set-ups lost", String(setups.lost.length)],
    ["established calls", String(established.calls)],
    ["established calls lost", String(established.lost.length)],
    ["emergency calls lost", String(account.emergencyLost)],
    ["BYEs answered 200", `${byes.answered} of ${byes.sent}`],
    ["re-INVITEs answered 200", `${reInvites.answered} of ${reInvites.sent}`],
    ["requests in dialogs that came twice, the same but for Via", String(account.repeated)],
    ["calls that rang twice at one gateway, of them at once", `${account.rangTwice}, ${account.rangAtOnce}`],
    ["called legs left alone", String(account.orphans.length)],
    ["detail records missing, doubled", `${records.missing.length}, ${records.doubled.length}`],
    ["attempt records missing", String(records.attemptsMissing)],
    ["records delivered again (same id)", String(records.redelivered)],
    ["records with `node-lost`", String(records.nodeLost)],
    ["error of durations p50 / p99 / max", times(records.durationErrorMs)],
    ["durations against what the caller saw p50 / p99 / max", times(records.callerDifferenceMs)],
    ["time to recover p50 / p99 / max", times(recoveryMs)],
    ["post-dial delay in calm p50 / p99 / max", times(postDialDelayMs.calm)],
    ["post-dial delay after kills p50 / p99 / max", times(postDialDelayMs.afterFaults)],
    ["of emergency calls after kills p50 / p99 / max", times(postDialDelayMs.emergencyAfterFaults)],
    ["places on trunks left to the controller", String(leftOver.places)],
    [
      "trunk load and calls left",
      `${leftOver.load}, ${leftOver.calls} after ${Math.round(leftOver.afterMs / 1_000)} s`,
    ],
  ];
  if (sipp !== null) {
    rows.push(
      [
        "SIPp caller: calls, completed, repeated messages",
        `${sipp.placed}, ${sipp.caller.completed}, ${sipp.caller.retransmissions}`,
      ],
      ["SIPp callee: completed, not as its scenario", `${sipp.callee.completed}, ${sipp.callee.failed}`],
    );
  }
  return table(["", ""], rows);
}

function mishapsOf({ account }: StormResult): readonly string[] {
  const all = [...account.setups.lost, ...account.established.lost];
  if (all.length === 0) return [];
  const counted = Map.groupBy(all, keyOf);
  const rows = [...counted].map(([key, mishaps]) => [
    ...key.split(" | "),
    String(mishaps.length),
    mishaps[0]?.token ?? "",
  ]);
  return ["## What went wrong", table(["what", "killed meanwhile", "calls", "one of them"], rows).join("\n")];
}

/** Requests with a wrong CSeq number, each with the one before it: users of addresses and bodies are left out. */
function breachesOf({ account }: StormResult): readonly string[] {
  const { wrongSequences } = account;
  return wrongSequences.length === 0 ? [] : ["## CSeq numbers reused or reversed", ...wrongSequences.map(breachOf)];
}

function breachOf({ kind, token, at, atCallMs, lastFault, earlier, later, differs }: WrongSequence): string {
  const after = lastFault === null ? "" : `, ${lastFault.agoMs} ms after ${lastFault.target} was killed or replaced`;
  const different = differs.length === 0 ? "" : `; other than the one before in ${differs.join(", ")}`;
  const before = earlier === null ? "" : `${laterBy(later.atMs - earlier.atMs, earlier)}\n`;
  const seen = `\`\`\`\n${before}${laterBy(0, later)}\n\`\`\``;
  return `${token} at ${at}: ${later.number} ${later.method} ${kind}, ${atCallMs} ms after its call began${after}${different}.\n\n${seen}`;
}

function laterBy(ms: number, { from, text }: SeenRequest): string {
  return `from ${from}${ms === 0 ? "" : `, ${ms} ms before`}\n${text}`;
}

function keyOf({ what, fault, emergency }: Mishap): string {
  return `${what}${emergency ? " (emergency)" : ""} | ${fault ?? "nothing"}`;
}

function times({ p50, p99, max }: Spread): string {
  return `${p50} / ${p99} / ${max} ms`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
