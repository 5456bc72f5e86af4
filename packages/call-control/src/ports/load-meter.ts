/** How loaded this process is; read for every new call, so it must be a mere look. */
export interface LoadMeter {
  /** Delay of the event loop that lasted: 99th percentile of a second, the lower of the last two, milliseconds. */
  lagMs(): number;
}
