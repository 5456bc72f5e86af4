import { err, ok, type Failure, type Result } from "@tandem/domain";
import type { GateRequest, TrunkGate } from "../ports/index.ts";

/** The TrunkGate contract in memory: leases by trunk, no rates unless a test answers for them. */
export class FakeTrunkGate implements TrunkGate {
  readonly leases = new Map<string, Map<string, number>>();
  readonly released: string[] = [];
  away = false;

  reserve(request: GateRequest): Promise<Result<"reserved" | "full" | "too-fast", Failure>> {
    if (this.away) return Promise.resolve(err({ code: "store-unavailable", detail: "the fake gate is away" }));
    const held = this.leases.get(request.trunk) ?? new Map<string, number>();
    const full = request.maxCalls > 0 && held.size >= request.maxCalls && !held.has(request.callId);
    if (full) return Promise.resolve(ok("full"));
    held.set(request.callId, request.untilMs);
    this.leases.set(request.trunk, held);
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
