import { exponential, type Random } from "./random.ts";

export interface ProcessGroupSettings {
  /** Workers, edges, or masters of Redis. */
  readonly processes: number;
  readonly callsPerSecond: number;
  /** Mean CPU of one call in them, milliseconds, spent in as many parts as a call has events. */
  readonly msPerCall: number;
  readonly ringS: number;
  readonly holdS: number;
  /** What is looked at, out of a day that goes on like this before and after. */
  readonly seconds: number;
  /** Who acts on the end of a call: any of them, or the one that had the set-up (a call's records do not leave their shard). */
  readonly end: "any" | "same";
}

export interface ProcessGroupResult {
  /** Busiest process's share of a core. */
  readonly busiest: number;
  /** What the unluckiest event in a thousand waited for its process, milliseconds. */
  readonly waitMsP999: number;
}

/** Events of a set-up, all of them for the process that has it: INVITE, 18x, 200, ACK and the writes of the record, say. */
const SETUP_EVENTS = 5;
/** Events of the end: BYE, its 200, the last write. */
const END_EVENTS = 3;
const EVENTS_PER_CALL = SETUP_EVENTS + END_EVENTS;
/** Events of one message follow each other by this much, milliseconds. */
const NEXT_EVENT_MS = 20;
const US_PER_MS = 1_000;

/**
 * Calls arrive at random and go to a process at random: several edges, each of which knows its own turns only, and callers who choose among the edges, do no
 * better than that at worst. A process works on one event at a time, in order of arrival; events cost more or less than their mean, at random.
 */
export function simulateProcesses(settings: ProcessGroupSettings, random: Random): ProcessGroupResult {
  const { processes, seconds, msPerCall } = settings;
  const freeAtMs = new Float64Array(processes);
  const busyMs = new Float64Array(processes);
  const waits = new WaitCounts();
  for (const event of eventsInOrder(settings, random)) {
    const process = event % processes;
    const nowMs = (event - process) / processes / US_PER_MS;
    const costMs = exponential(msPerCall / EVENTS_PER_CALL, random);
    const startMs = Math.max(nowMs, freeAtMs[process] ?? 0);
    waits.add(startMs - nowMs);
    freeAtMs[process] = startMs + costMs;
    busyMs[process] = (busyMs[process] ?? 0) + costMs;
  }
  return { busiest: Math.max(...busyMs) / (seconds * 1_000), waitMsP999: waits.quantile(0.999) };
}

/**
 * Every event as microsecond × processes + process, so that sorting numbers puts them in order. What would happen after the end happens at the beginning instead, in
 * place of the calls from before it.
 */
function eventsInOrder(settings: ProcessGroupSettings, random: Random): Float64Array {
  const { processes, callsPerSecond, seconds, ringS, holdS } = settings;
  const windowMs = seconds * 1_000;
  const calls = Math.round(callsPerSecond * seconds);
  const events = new Float64Array(calls * EVENTS_PER_CALL);
  const key = (ms: number, process: number): number => Math.floor((ms % windowMs) * US_PER_MS) * processes + process;
  let place = 0;
  for (let call = 0; call < calls; call += 1) {
    const inviteMs = random() * windowMs;
    const answerMs = inviteMs + exponential(ringS * 1_000, random);
    const endMs = answerMs + exponential(holdS * 1_000, random);
    const owner = Math.floor(random() * processes);
    const ender = settings.end === "same" ? owner : Math.floor(random() * processes);
    for (let event = 0; event < EVENTS_PER_CALL; event += 1, place += 1) {
      const after = event * NEXT_EVENT_MS;
      if (event < 2) events[place] = key(inviteMs + after, owner);
      else if (event < SETUP_EVENTS) events[place] = key(answerMs + after, owner);
      else events[place] = key(endMs + after, ender);
    }
  }
  return events.sort();
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
