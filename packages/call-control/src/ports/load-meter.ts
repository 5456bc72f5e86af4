/** How loaded this process is; read for every new call, so it must be a mere look. */
export interface LoadMeter {
  /** Delay of the event loop that lasted: 99th percentile of a second, the lower of the last two, milliseconds. */
  lagMs(): number;
  /** How long SIP messages now wait in front of this process until it reads them, if that stood for some tenths of a second, milliseconds. */
  waitMs(): number;
}
