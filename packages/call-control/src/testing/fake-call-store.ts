import { err, ok, type Failure, type Result } from "@tandem/domain";
import type { Attendance, CallStore, CallWrite, DetailRecord, StoredCall } from "../ports/index.ts";

interface Row {
  readonly write: CallWrite;
  readonly version: number;
  dueMs: number;
  /** Until when somebody attends to the caller; null: no caller waits. */
  attendedMs: number | null;
}

const AWAY: Failure = { code: "store-unavailable", detail: "the fake store is away" };

/** The CallStore contract in memory, with faults: `away` makes every operation fail, `hold` decides when each one runs. */
export class FakeCallStore implements CallStore {
  readonly rows = new Map<string, Row>();
  /** Calls that are over, and what is left to know of each. */
  readonly over = new Map<string, string>();
  /** Everything appended, in order. */
  readonly details: DetailRecord[] = [];
  /** Names of the operations run, in order. */
  readonly operations: string[] = [];
  away = false;
  /** Found not to answer: nobody in a hurry waits. */
  foundAway = false;
  /** The store's own time, epoch milliseconds. */
  now: () => number = Date.now;
  /** Awaited before an operation takes effect: lets a test interleave workers. */
  hold: (operation: string) => Promise<void> = () => Promise.resolve();

  isAway(): boolean {
    return this.foundAway;
  }

  load(callId: string): Promise<Result<StoredCall | null, Failure>> {
    return this.#run("load", () => {
      const row = this.rows.get(callId);
      return row === undefined ? null : { callId, version: row.version, document: row.write.document };
    });
  }

  lastByes(callId: string): Promise<Result<string, Failure>> {
    return this.#run("last-byes", () => this.over.get(callId) ?? "");
  }

  create(call: CallWrite): Promise<Result<"created" | "exists", Failure>> {
    return this.#run("create", () => {
      if (this.rows.has(call.callId) || this.over.has(call.callId)) return "exists";
      this.#put(call, 1);
      return "created";
    });
  }

  save(call: CallWrite, expected: number): ReturnType<CallStore["save"]> {
    return this.#run("save", () => {
      const row = this.rows.get(call.callId);
      if (row === undefined) return this.over.has(call.callId) ? "gone" : "unknown";
      if (row.version !== expected) return "conflict";
      this.#put(call, expected + 1);
      return "saved";
    });
  }

  finish(
    call: CallWrite,
    expected: number,
    records: readonly DetailRecord[],
  ): Promise<Result<"finished" | "conflict" | "gone", Failure>> {
    return this.#run("finish", () => {
      const row = this.rows.get(call.callId);
      if (this.over.has(call.callId) || (row === undefined && expected !== 0)) return "gone";
      if (row !== undefined && row.version !== expected) return "conflict";
      this.rows.delete(call.callId);
      this.over.set(call.callId, call.lastByes ?? "");
      this.details.push(...records);
      return "finished";
    });
  }

  claimDue(nowMs: number, limit: number, leaseMs: number): Promise<Result<readonly StoredCall[], Failure>> {
    return this.#run("claim-due", () => {
      const due = [...this.rows.values()].filter((row) => row.dueMs <= nowMs).slice(0, limit);
      for (const row of due) row.dueMs = nowMs + leaseMs;
      return due.map((row) => ({ callId: row.write.callId, version: row.version, document: row.write.document }));
    });
  }

  attend({ pool, mine, forMs, limit }: Attendance): Promise<Result<readonly StoredCall[], Failure>> {
    return this.#run("attend", () => {
      const nowMs = this.now();
      const waiting = [...this.rows.values()].filter((row) => row.attendedMs !== null && row.write.pool === pool);
      for (const row of waiting) if (mine.includes(row.write.callId)) row.attendedMs = nowMs + forMs;
      const left = waiting.filter(({ attendedMs }) => attendedMs !== null && attendedMs <= nowMs).slice(0, limit);
      for (const row of left) row.attendedMs = nowMs + forMs;
      return left.map((row) => ({ callId: row.write.callId, version: row.version, document: row.write.document }));
    });
  }

  loads(): Promise<Result<ReadonlyMap<string, number>, Failure>> {
    return this.#run("loads", () => {
      const loads = new Map<string, number>();
      for (const trunk of [...this.rows.values()].flatMap((row) => row.write.trunks)) {
        loads.set(trunk, (loads.get(trunk) ?? 0) + 1);
      }
      return loads;
    });
  }

  list(limit: number): Promise<Result<readonly StoredCall[], Failure>> {
    return this.#run("list", () =>
      [...this.rows.values()]
        .slice(-limit)
        .map((row) => ({ callId: row.write.callId, version: row.version, document: row.write.document })),
    );
  }

  count(): Promise<Result<number, Failure>> {
    return this.#run("count", () => this.rows.size);
  }

  #put(write: CallWrite, version: number): void {
    const attendedMs = write.attendedMs === undefined ? null : this.now() + write.attendedMs;
    this.rows.set(write.callId, { write, version, dueMs: write.deadlineMs, attendedMs });
  }

  async #run<T>(operation: string, act: () => T): Promise<Result<T, Failure>> {
    await this.hold(operation);
    if (this.away) return err(AWAY);
    this.operations.push(operation);
    return ok(act());
  }
}
