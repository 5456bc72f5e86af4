/** What an edge tells of itself. */
export interface EdgeLoad {
  /** How long messages now wait in front of the edge's sockets, if that stood for some tenths of a second, milliseconds. */
  readonly receiveMs: number;
  /** New calls a second that come to the edge, whichever worker gets them; null: it does not tell. */
  readonly callsPerSecond: number | null;
}

/** What stands in front of this process on the way by one edge. */
export interface EdgeWait extends EdgeLoad {
  /** How long messages now wait between the edge and this process, if that stood for some tenths of a second, milliseconds. */
  readonly lineMs: number;
}

/** Nothing waits, or nobody knows. */
export const NO_WAIT: EdgeWait = { receiveMs: 0, lineMs: 0, callsPerSecond: null };

/** How loaded this process is; read for every new call, so it must be a mere look. */
export interface LoadMeter {
  /** Delay of the event loop that lasted: 99th percentile of a second, the lower of the last two, milliseconds. */
  lagMs(): number;
  /** @param edge the id of the edge that what is asked about came by */
  waitBy(edge: string): EdgeWait;
}
