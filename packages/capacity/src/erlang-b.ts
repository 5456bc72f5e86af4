/**
 * Share of calls that find every channel busy (Erlang's B formula: Poisson arrivals, any holding time, refused calls go away).
 * @param erlangs Offered traffic: calls per second times mean holding time in seconds, 0 or more.
 * @param channels Whole number, 0 or more.
 * @returns 0 to 1.
 */
export function blockingOf(erlangs: number, channels: number): number {
  if (erlangs === 0) return channels === 0 ? 1 : 0;
  // The reciprocal is summed up: B itself would be lost in rounding for many channels.
  let inverse = 1;
  for (let count = 1; count <= channels; count += 1) inverse = 1 + (inverse * count) / erlangs;
  return 1 / inverse;
}

/**
 * Fewest channels that block no more than `blocking` of the calls.
 * @param erlangs Offered traffic, 0 or more.
 * @param blocking Above 0, below 1: 0.01 is one call in a hundred.
 */
export function channelsFor(erlangs: number, blocking: number): number {
  if (erlangs === 0) return 0;
  let inverse = 1;
  let channels = 0;
  while (1 / inverse > blocking) {
    channels += 1;
    inverse = 1 + (inverse * channels) / erlangs;
  }
  return channels;
}
