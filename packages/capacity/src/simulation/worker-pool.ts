import { exponential, type Random } from "./random.ts";

export interface WorkerPoolSettings {
  readonly workers: number;
  readonly callsPerSecond: number;
  /** CPU of one call in its worker, milliseconds, spent in as many parts as a call has events. */
  readonly msPerCall: number;
  readonly seconds: number;
  /** These are gone from the beginning: the edges offer their calls to the others. */
  readonly lost?: number;
}

export interface WorkerPoolResult {
  /** Busiest worker's share of a core. */
  readonly busiest: number;
  /** What the unluckiest call in a thousand waited for its worker, milliseconds. */
  readonly waitMsP999: number;
}

/** Events of an ordinary call that its worker acts on: INVITE, 18x, 200, ACK, BYE, the 200 to it, and the like. */
const EVENTS_PER_CALL = 8;

/**
 * Calls arrive at random and are offered to the workers in turn, as edges do; every event of a call takes its part of the call's CPU in order of arrival.
 * One process works on one event at a time.
 */
export function simulateWorkers(settings: WorkerPoolSettings, random: Random): WorkerPoolResult {
  const { callsPerSecond, msPerCall, seconds } = settings;
  const workers = settings.workers - (settings.lost ?? 0);
  const freeAtMs = new Float64Array(workers);
  const busyMs = new Float64Array(workers);
  const eventMs = msPerCall / EVENTS_PER_CALL;
  const eventsPerMs = (callsPerSecond * EVENTS_PER_CALL) / 1_000;
  const waits = new WaitCounts();
  let nowMs = 0;
  for (let event = 0; nowMs < seconds * 1_000; event += 1) {
    nowMs += exponential(1 / eventsPerMs, random);
    const worker = event % workers;
    const startMs = Math.max(nowMs, freeAtMs[worker] ?? 0);
    waits.add(startMs - nowMs);
    freeAtMs[worker] = startMs + eventMs;
    busyMs[worker] = (busyMs[worker] ?? 0) + eventMs;
  }
  return { busiest: Math.max(...busyMs) / (seconds * 1_000), waitMsP999: waits.quantile(0.999) };
}

/** Counts of waits by hundredths of a millisecond, up to a second. */
class WaitCounts {
  readonly #counts = new Uint32Array(100_001);
  #total = 0;

  add(ms: number): void {
    const place = Math.min(Math.floor(ms * 100), 100_000);
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#total += 1;
  }

  quantile(share: number): number {
    let seen = 0;
    for (const [place, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= share * this.#total) return place / 100;
    }
    return 0;
  }
}
