import { err, ok, type Failure, type Result } from "@tandem/domain";
import type { GateRequest, SeizeRequest, TrunkGate } from "../ports/index.ts";

const RATE_WINDOW_MS = 1_000;

/** The TrunkGate contract in memory. */
export class FakeTrunkGate implements TrunkGate {
  /** By trunk: call id and when its lease lapses (epoch ms). */
  readonly leases = new Map<string, Map<string, number>>();
  /** Places of emergency calls, likewise. */
  readonly seized = new Map<string, Map<string, number>>();
  readonly released: string[] = [];
  away = false;
  readonly #taken = new Map<string, number[]>();

  reserve(request: GateRequest): Promise<Result<"reserved" | "full" | "too-fast", Failure>> {
    if (this.away) return Promise.resolve(err({ code: "store-unavailable", detail: "the fake gate is away" }));
    const { trunk, callId, maxCalls, maxCallsPerSecond, keptForEmergency = 0, nowMs, untilMs } = request;
    const held = this.leases.get(trunk) ?? new Map<string, number>();
    this.leases.set(trunk, held);
    const seized = this.seized.get(trunk) ?? new Map<string, number>();
    for (const places of [held, seized]) {
      for (const [id, lapsesMs] of places) if (lapsesMs <= nowMs) places.delete(id);
    }
    if (!held.has(callId)) {
      const borrowed = Math.max(0, seized.size - keptForEmergency);
      if (maxCalls > 0 && held.size + borrowed >= maxCalls) return Promise.resolve(ok("full"));
      const recent = (this.#taken.get(trunk) ?? []).filter((atMs) => atMs > nowMs - RATE_WINDOW_MS);
      if (maxCallsPerSecond > 0 && recent.length >= maxCallsPerSecond) return Promise.resolve(ok("too-fast"));
      this.#taken.set(trunk, [...recent, nowMs]);
    }
    held.set(callId, untilMs);
    return Promise.resolve(ok("reserved"));
  }

  seize(request: SeizeRequest): Promise<Result<{ readonly victim: string | null }, Failure>> {
    if (this.away) return Promise.resolve(err({ code: "store-unavailable", detail: "the fake gate is away" }));
    const { trunk, callId, maxCalls, preempts, nowMs, untilMs } = request;
    const ordinary = this.leases.get(trunk) ?? new Map<string, number>();
    const seized = this.seized.get(trunk) ?? new Map<string, number>();
    this.seized.set(trunk, seized);
    for (const held of [ordinary, seized]) for (const [id, lapsesMs] of held) if (lapsesMs <= nowMs) held.delete(id);
    // The ordinary place of a call that was transferred to an emergency number becomes this one.
    ordinary.delete(callId);
    const full = maxCalls > 0 && ordinary.size + seized.size >= maxCalls && !seized.has(callId);
    // Maps keep the order of insertion, and a renewal does not change it.
    const victim = full && preempts ? (ordinary.keys().next().value ?? null) : null;
    if (victim !== null) ordinary.delete(victim);
    seized.set(callId, untilMs);
    return Promise.resolve(ok({ victim }));
  }

  release(trunk: string, callId: string): Promise<Result<void, Failure>> {
    if (this.away) return Promise.resolve(err({ code: "store-unavailable", detail: "the fake gate is away" }));
    const had = [this.leases, this.seized].map((places) => places.get(trunk)?.delete(callId) === true);
    if (had.includes(true)) this.released.push(`${trunk} ${callId}`);
    return Promise.resolve(ok(undefined));
  }

  held(trunk: string): number {
    return this.leases.get(trunk)?.size ?? 0;
  }
}
