import { emergencyPaths, type EmergencyPathPlan, type Snapshot } from "@tandem/domain";
import type {
  Clock,
  EmergencyPath,
  EmergencyPathBoard,
  Errand,
  ErrandResult,
  PathWalk,
  WorkerErrands,
} from "../ports/index.ts";
import type { ControllerObserver } from "./controller-observer.ts";
import type { LeaderTerm } from "./leadership.ts";
import type { RoundEnd } from "../timing/repeat.ts";

export interface HeartbeatPorts {
  readonly errands: WorkerErrands;
  readonly paths: EmergencyPathBoard;
  readonly clock: Clock;
  readonly observer: ControllerObserver;
}

/** Longest an OPTIONS, and a test call, may take. */
const OPTIONS_MS = 5_000;
const TEST_CALL_MS = 20_000;
/** A test call that failed is made again after this, unless they are made more often anyway: an alarm shall not stand a day longer than the fault. */
const TEST_CALL_AGAIN_MS = 600_000;

/** Answers to OPTIONS that say that the last hop serves nobody (RFC 3261 §21.5.4, §21.4.9). */
const NOT_SERVING: ReadonlySet<number> = new Set([408, 503]);

const NEVER: PathWalk = { lastTryMs: 0, lastSuccessMs: 0, outcome: "timeout", code: null, roundTripMs: 0 };

/**
 * Walks every emergency path as a call would go: a worker of the pool, an edge of the trunk's pool, the trunk's last hop. For one term of a leader; what an
 * earlier one wrote on the board is where it starts from.
 */
export class EmergencyHeartbeat {
  readonly #ports: HeartbeatPorts;
  readonly #term: LeaderTerm;
  readonly #known = new Map<string, EmergencyPath>();
  /** Paths a walk is under way on. */
  readonly #walking = new Set<string>();
  #loaded = false;
  #serial = 0;
  #snapshot: Snapshot | null = null;

  constructor(ports: HeartbeatPorts, term: LeaderTerm) {
    this.#ports = ports;
    this.#term = term;
  }

  follow(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#ports.observer.emergency.heartbeatInterval(snapshot.topology.emergency.heartbeatMs);
  }

  /** Starts what is due; a walk that takes long holds up no other. */
  async round(): Promise<RoundEnd> {
    const snapshot = this.#snapshot;
    if (snapshot === null || !(await this.#load())) return "rest";
    const plans = emergencyPaths(snapshot);
    await this.#forgetRemoved(plans);
    for (const plan of plans) {
      if (this.#walking.has(keyOf(plan))) continue;
      const { heartbeatMs, heartbeatTestCallMs } = snapshot.topology.emergency;
      const known = this.#known.get(keyOf(plan));
      const nowMs = this.#ports.clock.now();
      if (
        plan.testNumber !== null &&
        isDue(known?.testCall ?? null, testCallPause(known, heartbeatTestCallMs), nowMs)
      ) {
        void this.#walk(plan, "test-call");
      } else if (isDue(known?.options ?? null, heartbeatMs, nowMs)) void this.#walk(plan, "options");
    }
    this.#tell(plans);
    return "rest";
  }

  async #load(): Promise<boolean> {
    if (this.#loaded) return true;
    const read = await this.#ports.paths.all();
    if (!read.ok) return false;
    for (const path of read.value) this.#known.set(keyOf(path), path);
    this.#loaded = true;
    return true;
  }

  async #walk(plan: EmergencyPathPlan, kind: "options" | "test-call"): Promise<void> {
    const key = keyOf(plan);
    this.#walking.add(key);
    const startedMs = this.#ports.clock.now();
    const result = await this.#ports.errands.request(this.#errand(plan, kind));
    this.#walking.delete(key);
    const end: Omit<ErrandResult, "id"> = result.ok
      ? result.value
      : // No worker took it: a call of that pool would not have gone out either.
        { outcome: "unreachable", code: null, roundTripMs: 0 };
    await this.#note(plan, kind, { end, startedMs });
  }

  #errand({ pool, trunk, testNumber }: EmergencyPathPlan, kind: "options" | "test-call"): Errand {
    this.#serial += 1;
    const id = `${this.#term.nodeId}-heartbeat-${this.#ports.clock.now()}-${this.#serial}`;
    return kind === "options"
      ? { id, pool, trunk, timeoutMs: OPTIONS_MS, task: { kind } }
      : { id, pool, trunk, timeoutMs: TEST_CALL_MS, task: { kind, number: testNumber ?? "" } };
  }

  async #note(
    plan: EmergencyPathPlan,
    kind: "options" | "test-call",
    { end, startedMs }: { readonly end: Omit<ErrandResult, "id">; readonly startedMs: number },
  ): Promise<void> {
    const { pool, trunk } = plan;
    const { observer, paths } = this.#ports;
    const { outcome, code, roundTripMs } = end;
    observer.emergency.heartbeat({ pool, trunk, kind, outcome });
    const before = this.#known.get(keyOf(plan)) ?? { pool, trunk, options: NEVER, testCall: null };
    const earlier = (kind === "options" ? before.options : before.testCall) ?? NEVER;
    const good = isGood(kind, end);
    if (!good && hasFailed(earlier) !== true) {
      observer.log("error", "emergency path failed", { pool, trunk, kind, outcome, code });
    }
    if (good && hasFailed(earlier) === true) {
      observer.log("info", "emergency path works again", { pool, trunk, kind });
    }
    // The time of a success is that of its try, so that both are equal while all is well.
    const lastSuccessMs = good ? startedMs : earlier.lastSuccessMs;
    const walk: PathWalk = { lastTryMs: startedMs, lastSuccessMs, outcome, code, roundTripMs };
    const after = kind === "options" ? { ...before, options: walk } : { ...before, testCall: walk };
    this.#known.set(keyOf(plan), after);
    await paths.set(after, this.#term.epoch);
  }

  /** A test call that got through proves what an OPTIONS does, and more. */
  #tell(plans: readonly EmergencyPathPlan[]): void {
    const shown = plans.map(({ pool, trunk }) => {
      const known = this.#known.get(keyOf({ pool, trunk }));
      const lastSuccessMs = Math.max(known?.options.lastSuccessMs ?? 0, known?.testCall?.lastSuccessMs ?? 0);
      const failing = { options: hasFailed(known?.options), "test-call": hasFailed(known?.testCall) };
      return { pool, trunk, lastSuccessMs, failing };
    });
    this.#ports.observer.emergency.heartbeatPaths(shown);
  }

  async #forgetRemoved(plans: readonly EmergencyPathPlan[]): Promise<void> {
    const wanted = new Set(plans.map(keyOf));
    for (const [key, path] of this.#known) {
      if (wanted.has(key)) continue;
      const forgotten = await this.#ports.paths.forget(path, this.#term.epoch);
      if (forgotten.ok) this.#known.delete(key);
    }
  }
}

/** Names hold no slash. */
function keyOf({ pool, trunk }: { readonly pool: string; readonly trunk: string }): string {
  return `${pool}/${trunk}`;
}

function isDue(walk: PathWalk | null, everyMs: number, nowMs: number): boolean {
  return walk === null || nowMs - walk.lastTryMs >= everyMs;
}

function testCallPause(known: EmergencyPath | undefined, everyMs: number): number {
  return hasFailed(known?.testCall) === true ? Math.min(everyMs, TEST_CALL_AGAIN_MS) : everyMs;
}

/** Null: no such walk was made. */
function hasFailed(walk: PathWalk | null | undefined): boolean | null {
  if (walk === null || walk === undefined || walk.lastTryMs === 0) return null;
  return walk.lastSuccessMs !== walk.lastTryMs;
}

/** A test call has to be answered; any answer to OPTIONS but "I serve nobody" comes from a peer that is there. */
function isGood(kind: "options" | "test-call", { outcome, code }: Omit<ErrandResult, "id">): boolean {
  if (outcome !== "answered" || code === null) return false;
  return kind === "test-call" ? code < 300 : !NOT_SERVING.has(code);
}
