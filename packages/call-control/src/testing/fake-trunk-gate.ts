import { err, ok, type Failure, type Result } from "@tandem/domain";
import type { GateRequest, TrunkGate } from "../ports/index.ts";

const RATE_WINDOW_MS = 1_000;

/** The TrunkGate contract in memory. */
export class FakeTrunkGate implements TrunkGate {
  /** By trunk: call id and when its lease lapses (epoch ms). */
  readonly leases = new Map<string, Map<string, number>>();
  readonly released: string[] = [];
  away = false;
  readonly #taken = new Map<string, number[]>();

  reserve(request: GateRequest): Promise<Result<"reserved" | "full" | "too-fast", Failure>> {
    if (this.away) return Promise.resolve(err({ code: "store-unavailable", detail: "the fake gate is away" }));
    const { trunk, callId, maxCalls, maxCallsPerSecond, nowMs, untilMs } = request;
    const held = this.leases.get(trunk) ?? new Map<string, number>();
    this.leases.set(trunk, held);
    for (const [id, lapsesMs] of held) if (lapsesMs <= nowMs) held.delete(id);
    if (!held.has(callId)) {
      if (maxCalls > 0 && held.size >= maxCalls) return Promise.resolve(ok("full"));
      const recent = (this.#taken.get(trunk) ?? []).filter((atMs) => atMs > nowMs - RATE_WINDOW_MS);
      if (maxCallsPerSecond > 0 && recent.length >= maxCallsPerSecond) return Promise.resolve(ok("too-fast"));
      this.#taken.set(trunk, [...recent, nowMs]);
    }
    held.set(callId, untilMs);
    return Promise.resolve(ok("reserved"));
  }

  release(trunk: string, callId: string): Promise<Result<void, Failure>> {
    if (this.leases.get(trunk)?.delete(callId) === true) this.released.push(`${trunk} ${callId}`);
    return Promise.resolve(ok(undefined));
  }

  held(trunk: string): number {
    return this.leases.get(trunk)?.size ?? 0;
  }
}
