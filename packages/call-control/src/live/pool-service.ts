import type { Failure, Result } from "@tandem/domain";
import type { Clock, Telemetry, Unwatch } from "../ports/index.ts";

export interface PoolServiceParts {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** For the log: what is served. */
  readonly what: "probes" | "errands";
  /** Takes what the controller asks of the pool's workers, until it is unwatched. */
  readonly serve: (pool: string) => Promise<Result<Unwatch, Failure>>;
}

const RETRY_MS = 1_000;

/** What a worker does for its pool when the controller asks: begun as soon as it can be, ended with the worker. */
export class PoolService {
  readonly #parts: PoolServiceParts;
  #unserve: Unwatch | null = null;
  #cancelRetry: (() => void) | null = null;
  #serving = false;

  constructor(parts: PoolServiceParts) {
    this.#parts = parts;
  }

  /** Resolves after the first try; a failed one is repeated. */
  async start(pool: string): Promise<void> {
    this.#serving = true;
    const { clock, telemetry, what, serve } = this.#parts;
    const served = await serve(pool);
    // Stopped meanwhile.
    if (!this.#serving) return served.ok ? served.value() : undefined;
    if (served.ok) {
      this.#unserve = served.value;
      return undefined;
    }
    telemetry.log("warn", `${what} cannot be served yet`, { failure: served.error.code });
    this.#cancelRetry = clock.after(RETRY_MS, () => void this.start(pool));
    return undefined;
  }

  async stop(): Promise<void> {
    this.#serving = false;
    this.#cancelRetry?.();
    await this.#unserve?.();
    this.#unserve = null;
  }
}
