import type { FailureCode } from "@tandem/domain";
import type { LoadMeter } from "../ports/index.ts";

export interface AdmissionLimits {
  /** Calls one worker sets up at once; more are refused with 503. Default 2 000. */
  readonly maxSetups: number;
  /** Lasting event-loop delay (`LoadMeter`, ms) from which on new calls are refused. Default 500. */
  readonly maxLagMs: number;
  /** Wait of messages in front of this process (`LoadMeter`, ms) at which all new calls are refused; some are from half of it on. Default 500, RFC 3261's T1: from there on every request comes twice. */
  readonly maxWaitMs: number;
}

export const DEFAULT_ADMISSION: AdmissionLimits = { maxSetups: 2_000, maxLagMs: 500, maxWaitMs: 500 };

/** What an admission looks at. */
export interface AdmissionState {
  readonly draining: boolean;
  readonly storeAway: boolean;
  readonly setups: number;
}

const SECOND_MS = 1_000;
/** With fewer new calls a second it is not they that keep this process busy, and refusing some helps nobody. */
const FEW_CALLS = 100;
const SLICE_MS = 20;

/** Why this worker takes no ordinary call now. Emergency calls never ask. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #load: LoadMeter;
  #second = 0;
  /** New calls of this second, and of the one before. */
  #asked = 0;
  #askedBefore = 0;

  constructor(limits: AdmissionLimits, load: LoadMeter) {
    this.#limits = limits;
    this.#load = load;
  }

  /** The reason to refuse the ordinary call that came now, or null. */
  refusal({ draining, storeAway, setups }: AdmissionState, nowMs: number): FailureCode | null {
    this.#count(nowMs);
    const { maxSetups, maxLagMs } = this.#limits;
    if (draining) return "draining";
    if (storeAway) return "store-unavailable";
    return setups >= maxSetups || this.#load.lagMs() > maxLagMs || this.#sheds(nowMs) ? "overload" : null;
  }

  /**
   * Takes all calls while messages wait less than half of the limit, none when they wait for all of it, and in between that share of them which the clock's last digits choose. A refused
   * call costs a tenth of one that is served: so the queue finds a length at which those that are taken, emergency calls and what belongs to calls that are up are served in time, whereas
   * who begins to serve all of them serves none.
   */
  #sheds(nowMs: number): boolean {
    if (Math.max(this.#asked, this.#askedBefore) < FEW_CALLS) return false;
    const taken = 2 - (2 * this.#load.waitMs()) / this.#limits.maxWaitMs;
    return (nowMs % SLICE_MS) / SLICE_MS >= taken;
  }

  #count(nowMs: number): void {
    const second = Math.floor(nowMs / SECOND_MS);
    if (second !== this.#second) {
      this.#askedBefore = second === this.#second + 1 ? this.#asked : 0;
      this.#asked = 0;
      this.#second = second;
    }
    this.#asked += 1;
  }
}
