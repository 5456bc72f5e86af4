/** Counters since the start. */
export interface SipPortStats {
  readonly framesIn: number;
  readonly framesOut: number;
  readonly linksLost: number;
  /** Messages or frames that could not be read, by the parser's reason. */
  readonly unreadable: ReadonlyMap<string, number>;
}

/** Counters of all connections of one port since its start. Plain fields: they are touched for every frame. */
export class LinkCounters {
  framesIn = 0;
  framesOut = 0;
  /** Connections that were open and ended without our wish. */
  linksLost = 0;
  readonly #unreadable = new Map<string, number>();

  /** Counts a frame or message that could not be read; `reason` is one of the parser's static sentences. */
  unreadable(reason: string): void {
    this.#unreadable.set(reason, (this.#unreadable.get(reason) ?? 0) + 1);
  }

  get unreadableByReason(): ReadonlyMap<string, number> {
    return this.#unreadable;
  }
}
