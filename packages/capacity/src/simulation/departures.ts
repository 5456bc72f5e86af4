/** Times at which channels become free, earliest first: a binary heap. */
export class Departures {
  readonly #times: number[] = [];

  get size(): number {
    return this.#times.length;
  }

  /** The earliest; infinite when there is none. */
  get next(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY;
  }

  add(time: number): void {
    const times = this.#times;
    let place = times.length;
    times.push(time);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = times[parent] ?? 0;
      if (above <= time) break;
      times[place] = above;
      place = parent;
    }
    times[place] = time;
  }

  removeNext(): void {
    const times = this.#times;
    const last = times.pop();
    if (last === undefined || times.length === 0) return;
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= times.length) break;
      const right = left + 1;
      const child = (times[right] ?? Number.POSITIVE_INFINITY) < (times[left] ?? 0) ? right : left;
      const below = times[child] ?? 0;
      if (below >= last) break;
      times[place] = below;
      place = child;
    }
    times[place] = last;
  }
}
