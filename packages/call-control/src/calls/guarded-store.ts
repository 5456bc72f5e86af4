import { err, type Failure, type Result } from "@tandem/domain";
import type { Attendance, CallStore, CallWrite, Clock, DetailRecord, StoredCall } from "../ports/index.ts";
import { STORE_PATIENCE_MS } from "./patiently.ts";

/** How long operations fail at once after one failed; then a single one tries the store again. */
const PAUSE_MS = 500;
/** How soon after a failure the store is asked whether it is back. */
const LOOK_EVERY_MS = 100;

const PAUSED: Failure = { code: "store-unavailable", detail: "the store did not answer a moment ago" };

/**
 * A store that does not make every call wait for its time-out while it is away. Meanwhile it is asked all the while for the call whose operation failed, so that what
 * waits need not wait on when it is back; an answer lets the next operation try at once, and changes nothing else.
 */
export class GuardedCallStore implements CallStore {
  readonly #store: CallStore;
  readonly #clock: Clock;
  #away = false;
  #awaySinceMs = 0;
  #retryAtMs = 0;
  #looking = false;

  constructor(store: CallStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** True while operations fail at once. */
  get paused(): boolean {
    return this.#away && this.#clock.now() < this.#retryAtMs;
  }

  /** True once nothing was answered for longer than anybody waits: no failover, the store is gone. */
  get gone(): boolean {
    return this.#away && this.#clock.now() - this.#awaySinceMs >= STORE_PATIENCE_MS;
  }

  isAway(callId: string): boolean {
    return this.#store.isAway(callId);
  }

  load(callId: string): Promise<Result<StoredCall | null, Failure>> {
    return this.#guard(() => this.#store.load(callId), callId);
  }

  lastByes(callId: string): Promise<Result<string, Failure>> {
    return this.#guard(() => this.#store.lastByes(callId), callId);
  }

  create(call: CallWrite): Promise<Result<"created" | "exists", Failure>> {
    return this.#guard(() => this.#store.create(call), call.callId);
  }

  save(call: CallWrite, expected: number): ReturnType<CallStore["save"]> {
    return this.#guard(() => this.#store.save(call, expected), call.callId);
  }

  finish(
    call: CallWrite,
    expected: number,
    records: readonly DetailRecord[],
  ): Promise<Result<"finished" | "conflict" | "gone", Failure>> {
    return this.#guard(() => this.#store.finish(call, expected, records), call.callId);
  }

  claimDue(nowMs: number, limit: number, leaseMs: number): Promise<Result<readonly StoredCall[], Failure>> {
    return this.#guard(() => this.#store.claimDue(nowMs, limit, leaseMs));
  }

  attend(attendance: Attendance): Promise<Result<readonly StoredCall[], Failure>> {
    return this.#guard(() => this.#store.attend(attendance));
  }

  loads(): Promise<Result<ReadonlyMap<string, number>, Failure>> {
    return this.#guard(() => this.#store.loads());
  }

  list(limit: number): Promise<Result<readonly StoredCall[], Failure>> {
    return this.#guard(() => this.#store.list(limit));
  }

  count(): Promise<Result<number, Failure>> {
    return this.#guard(() => this.#store.count());
  }

  async #guard<T>(operation: () => Promise<Result<T, Failure>>, callId?: string): Promise<Result<T, Failure>> {
    if (this.paused) return err(PAUSED);
    if (this.#away) this.#pause();
    const result = await operation();
    if (!result.ok && !this.#away) this.#awaySinceMs = this.#clock.now();
    this.#away = !result.ok;
    if (result.ok) return result;
    this.#pause();
    if (callId !== undefined && !this.#looking) void this.#look(callId);
    return result;
  }

  async #look(callId: string): Promise<void> {
    this.#looking = true;
    while (this.#away) {
      await new Promise<void>((resolve) => void this.#clock.after(LOOK_EVERY_MS, resolve));
      if (this.#away && (await this.#store.load(callId)).ok) this.#retryAtMs = 0;
    }
    this.#looking = false;
  }

  #pause(): void {
    this.#retryAtMs = this.#clock.now() + PAUSE_MS;
  }
}
