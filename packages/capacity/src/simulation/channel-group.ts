import { Departures } from "./departures.ts";
import { exponential, type Random } from "./random.ts";

export interface ChannelGroupSettings {
  readonly erlangs: number;
  readonly channels: number;
  /** Calls to offer. */
  readonly calls: number;
}

/**
 * Offers calls to a group of channels one by one: Poisson arrivals, exponential holding times (mean 1), a call that finds all busy is lost.
 * It begins in the steady state, so that no time is lost with filling up.
 * @returns The share of calls lost.
 */
export function simulateBlocking({ erlangs, channels, calls }: ChannelGroupSettings, random: Random): number {
  const busy = new Departures();
  for (let filled = Math.min(channels, Math.round(erlangs)); filled > 0; filled -= 1) busy.add(exponential(1, random));
  let now = 0;
  let lost = 0;
  for (let call = 0; call < calls; call += 1) {
    now += exponential(1 / erlangs, random);
    while (busy.next <= now) busy.removeNext();
    if (busy.size >= channels) lost += 1;
    else busy.add(now + exponential(1, random));
  }
  return lost / calls;
}
