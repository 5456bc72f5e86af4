import type { CallPresence, GateLease, GateLedger } from "../ports/index.ts";
import type { ControllerObserver } from "./controller-observer.ts";
import type { RoundEnd } from "../timing/repeat.ts";

export interface StaleLeasePorts {
  readonly gate: GateLedger;
  readonly calls: CallPresence;
  readonly observer: ControllerObserver;
}

/**
 * Ends leases whose call is gone: what a worker held that died between the call's end and the release. A lease may be older than its record by a moment (it
 * is taken first), so one goes only when two rounds in a row found it without a call and unchanged.
 */
export class StaleLeases {
  readonly #ports: StaleLeasePorts;
  /** `<trunk> <call id>` → end of the lease, as the last round found it without a call. */
  #suspects: ReadonlyMap<string, number> = new Map();

  constructor(ports: StaleLeasePorts) {
    this.#ports = ports;
  }

  async sweep(trunks: Iterable<string>): Promise<RoundEnd> {
    const suspects = new Map<string, number>();
    let swept = 0;
    for (const trunk of trunks) {
      for (const lease of await this.#orphans(trunk)) {
        const key = `${trunk} ${lease.callId}`;
        if (this.#suspects.get(key) === lease.untilMs) {
          const released = await this.#ports.gate.release(trunk, lease.callId);
          if (released.ok) swept += 1;
        } else suspects.set(key, lease.untilMs);
      }
    }
    this.#suspects = suspects;
    if (swept > 0) {
      this.#ports.observer.leasesSwept(swept);
      this.#ports.observer.log("warn", "leases without a call ended", { leases: swept });
    }
    return "rest";
  }

  async #orphans(trunk: string): Promise<readonly GateLease[]> {
    const leases = await this.#ports.gate.leases(trunk);
    if (!leases.ok || leases.value.length === 0) return [];
    const live = await this.#ports.calls.existing(leases.value.map(({ callId }) => callId));
    return live.ok ? leases.value.filter(({ callId }) => !live.value.has(callId)) : [];
  }
}
