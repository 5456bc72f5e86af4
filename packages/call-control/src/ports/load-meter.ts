/** How loaded this process is; read for every new call, so it must be a mere look. */
export interface LoadMeter {
  /** 99th percentile of the event loop's delay over the last second, milliseconds. */
  lagMs(): number;
}
