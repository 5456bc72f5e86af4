/** A SIP element under load, all of it on the one core it was started for. */
export interface Element {
  readonly name: string;
  /** UDP port of 127.0.0.1 that callers use. */
  readonly port: number;
  /** Its processes by part: `edge`, `worker`, `redis`, `kamailio`. */
  readonly parts: Readonly<Record<string, readonly number[]>>;
  /** `host:port` of the Redis it keeps calls in. */
  readonly redis: string;
  stop(): Promise<void>;
}

/** Where an element has to send calls. */
export interface Destinations {
  /** Gateways that ordinary calls are spread over evenly. */
  readonly gateways: readonly [number, number];
  /** Calls to 999 go here: the delay probe's own callee. */
  readonly probe: number;
}
