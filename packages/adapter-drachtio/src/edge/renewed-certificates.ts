import { systemClock, type Logger } from "@tandem/runtime";
import type { Endpoint, ListenerConfig, ListenerTls } from "@tandem/sip-endpoint";
import { certificateEnds, toEndpointListener } from "./endpoint-listener.ts";
import type { ConfiguredListener } from "./listener-schema.ts";

/** How often the files of TLS listeners are looked at. A certificate is renewed days before it ends. */
const LOOK_MS = 30_000;

/**
 * Puts renewed certificates into force without a restart: handshakes from then on use them, connections that stand are left alone. Files are read again rather
 * than watched, because where they are mounted they are replaced by a link to another folder. A certificate and key that do not belong together (one file
 * is new, the other not yet) are left out until they do.
 */
export class RenewedCertificates {
  readonly #configured: readonly ConfiguredListener[];
  readonly #endpoint: Pick<Endpoint, "replaceTls">;
  readonly #log: Pick<Logger, "info" | "warn">;
  readonly #inForce = new Map<string, ListenerTls>();
  #ends: Readonly<Record<string, number>>;
  #complained = "";

  constructor(
    configured: readonly ConfiguredListener[],
    bound: readonly ListenerConfig[],
    { endpoint, log }: { readonly endpoint: Pick<Endpoint, "replaceTls">; readonly log: Pick<Logger, "info" | "warn"> },
  ) {
    this.#configured = configured.filter(({ tls }) => tls !== undefined);
    this.#endpoint = endpoint;
    this.#log = log;
    for (const { name, tls } of bound) if (tls !== undefined) this.#inForce.set(name, tls);
    this.#ends = certificateEnds(bound);
  }

  /** When the certificate of each TLS listener ends, epoch milliseconds. */
  get ends(): Readonly<Record<string, number>> {
    return this.#ends;
  }

  /** Looks from now on; the returned function ends it. */
  start(): () => void {
    if (this.#configured.length === 0) return () => undefined;
    let ended = false;
    let cancel: () => void = () => undefined;
    const next = (): void => {
      if (!ended) cancel = systemClock.after(LOOK_MS, () => void this.look().then(next));
    };
    next();
    return () => {
      ended = true;
      cancel();
    };
  }

  /** One look at all files. Never rejects. */
  async look(): Promise<void> {
    for (const configured of this.#configured) {
      try {
        const read = await toEndpointListener(configured);
        if (read.tls !== undefined) this.#take(read, read.tls);
      } catch (error) {
        this.#complain(configured.name, error);
      }
    }
  }

  /** @throws the error of material that cannot be used */
  #take(listener: ListenerConfig, tls: ListenerTls): void {
    const { name } = listener;
    if (same(this.#inForce.get(name), tls)) return;
    this.#endpoint.replaceTls(name, tls);
    this.#inForce.set(name, tls);
    this.#ends = { ...this.#ends, ...certificateEnds([listener]) };
    this.#complained = "";
    this.#log.info({ listener: name, ends: new Date(this.#ends[name] ?? 0).toISOString() }, "certificate renewed");
  }

  /** Once per trouble: it is met again at every look. */
  #complain(listener: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : "unreadable";
    if (`${listener} ${reason}` === this.#complained) return;
    this.#complained = `${listener} ${reason}`;
    this.#log.warn({ listener, reason }, "renewed certificate cannot be used, the one before stays");
  }
}

function same(before: ListenerTls | undefined, now: ListenerTls): boolean {
  return before?.certificate === now.certificate && before.key === now.key && before.ca === now.ca;
}
