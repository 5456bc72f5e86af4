import type { TrunkSignal } from "@tandem/call-control";
import type { RedisConnection } from "./connection.ts";
import { clusterKeys } from "./keys.ts";
import { runScript } from "./scripts.ts";

const FLUSH_AFTER_MS = 200;
/** Waiting in this process; what comes beyond it is dropped. */
const MOST_BUFFERED = 1_000;
/** Kept in Redis while no controller takes them. */
const MOST_KEPT = 10_000;

/**
 * Collects passive signals and sends them together, so that a call costs no round trip. Of several answered attempts in a row on a trunk only the
 * last is sent: it says all that the earlier ones said. Lost when Redis is away: health then rests on probes.
 */
export class SignalBuffer {
  readonly #connection: RedisConnection;
  #waiting: TrunkSignal[] = [];
  #lastOf = new Map<string, number>();
  #flushDue = false;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  add(signal: TrunkSignal): void {
    const last = this.#lastOf.get(signal.trunk);
    const repeats = last !== undefined && signal.outcome === "answered" && this.#waiting[last]?.outcome === "answered";
    if (repeats) this.#waiting[last] = signal;
    else if (this.#waiting.length < MOST_BUFFERED) {
      this.#lastOf.set(signal.trunk, this.#waiting.length);
      this.#waiting.push(signal);
    }
    if (this.#flushDue) return;
    this.#flushDue = true;
    setTimeout(() => {
      this.#flush();
    }, FLUSH_AFTER_MS);
  }

  #flush(): void {
    const signals = this.#waiting.map((signal) => JSON.stringify(signal));
    this.#waiting = [];
    this.#lastOf = new Map();
    this.#flushDue = false;
    void this.#connection.run("push-signals", (client) =>
      runScript(client, "push-signals", [clusterKeys.signals, MOST_KEPT, ...signals]),
    );
  }
}
