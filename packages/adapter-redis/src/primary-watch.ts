import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import type { RedisClient } from "./client-options.ts";

/** A Sentinel's word that a set has another primary: `<set> <old host> <old port> <new host> <new port>`. */
const SWITCHED = "+switch-master";
/** Said by the Sentinel that leads a failover once it told a replica to be the primary: `slave <name> <host> <port> @ <set> <old host> <old port>`. */
const PROMOTING = "+failover-state-wait-promotion";

const ASK_PROMOTED_EVERY_MS = 25;
/** By then the Sentinels know whether the promotion took place, and their word alone counts. */
const PROMOTION_MS = 5_000;

export interface Primary {
  readonly host: string;
  readonly port: number;
}

/**
 * Listens to the Sentinels and brings clients to a new primary as soon as there is one, wherever they are: between two attempts to reach the old one, or on a
 * connection to it that hangs. A Sentinel notices a second late that the replica it chose obeyed; here that replica is asked by itself. The client library's own detector gives
 * a client up for good when the word comes while that client asks a Sentinel, and hastens nobody who waits for his next attempt.
 */
export class PrimaryWatch {
  readonly #sentinels: readonly Redis[];
  readonly #open: (node: Primary) => Redis;
  readonly #clients = new Set<Redis>();
  /** A replica that became the primary before the Sentinels name it so. */
  #promoted: { readonly old: Primary; readonly now: Primary; readonly untilMs: number } | null = null;
  #chasing: AbortController | null = null;

  /**
   * @param sentinels One client for each Sentinel, which is used for nothing else.
   * @param open Makes a client for one node of the set.
   */
  constructor(sentinels: readonly Redis[], master: string, open: (node: Primary) => Redis) {
    this.#sentinels = sentinels;
    this.#open = open;
    for (const sentinel of sentinels) {
      sentinel.on("message", (channel: string, text: string) => this.#onWord(channel, text.split(" "), master));
      // Without a listener the client would print; a Sentinel that is away is one of several.
      sentinel.on("error", () => undefined);
      sentinel.subscribe(SWITCHED, PROMOTING).catch(() => undefined);
    }
  }

  /** Looks after a client, and after those that are made from it (a queue library makes some), until they are closed. */
  add(client: RedisClient): void {
    if (!(client instanceof Redis)) return;
    this.#clients.add(client);
    client.on("end", () => this.#clients.delete(client));
    const duplicate = client.duplicate.bind(client);
    client.duplicate = (override) => {
      const made = duplicate(override);
      this.add(made);
      return made;
    };
  }

  /** Where to go instead of the primary a Sentinel names (`host:port`); null: there. */
  readonly insteadOf = (named: string): Primary | null => {
    if (this.#promoted === null || performance.now() > this.#promoted.untilMs) return null;
    const { old, now } = this.#promoted;
    return named === `${old.host}:${String(old.port)}` ? now : null;
  };

  close(): void {
    this.#chasing?.abort();
    for (const sentinel of this.#sentinels) sentinel.disconnect();
  }

  #onWord(channel: string, words: readonly string[], master: string): void {
    if (channel === SWITCHED) {
      const [set, , , host, port] = words;
      if (set !== master || host === undefined) return;
      this.#chasing?.abort();
      this.#promoted = null;
      this.#bring({ host, port: Number(port) });
    } else if (channel === PROMOTING) {
      const [, , host = "", port, , set, oldHost = "", oldPort] = words;
      if (set === master) void this.#chase({ host: oldHost, port: Number(oldPort) }, { host, port: Number(port) });
    }
  }

  #bring(primary: Primary): void {
    for (const client of this.#clients) bring(client, primary);
  }

  /** Asks the chosen replica until it is the primary. */
  async #chase(old: Primary, chosen: Primary): Promise<void> {
    this.#chasing?.abort();
    const end = new AbortController();
    this.#chasing = end;
    const untilMs = performance.now() + PROMOTION_MS;
    const node = this.#open(chosen);
    node.on("error", () => undefined);
    while (!end.signal.aborted && performance.now() < untilMs) {
      const told = await node.info("replication").catch(() => "");
      if (end.signal.aborted) break;
      if (/^role:master/m.test(told)) {
        this.#promoted = { old, now: chosen, untilMs };
        this.#bring(chosen);
        break;
      }
      await delay(ASK_PROMOTED_EVERY_MS);
    }
    node.disconnect();
  }
}

function bring(client: Redis, primary: Primary): void {
  switch (client.status) {
    case "reconnecting":
      forgetNextAttempt(client);
      client.connect().catch(() => undefined);
      return;
    case "connecting":
      // One that is asking a Sentinel has no socket yet and goes on; an attempt to reach a host that is dead, or its handshake, may take long.
      if (socketOf(client)?.destroyed === false) client.disconnect(true);
      return;
    case "connect":
    case "ready":
      if (!isAt(client, primary)) client.disconnect(true);
      return;
    default:
  }
}

/** Told of names instead of addresses, it is never: then a client that is there already connects again. */
function isAt(client: Redis, { host, port }: Primary): boolean {
  const socket = socketOf(client);
  return socket?.remotePort === port && socket.remoteAddress?.replace(/^::ffff:/, "") === host;
}

/** The part of a client's socket that is used here. */
interface Reached {
  readonly destroyed?: boolean;
  readonly remoteAddress?: string;
  readonly remotePort?: number;
}

function socketOf(client: Redis): Reached | null {
  const socket: unknown = Reflect.get(client, "stream");
  return typeof socket === "object" ? socket : null;
}

/** Its timer would connect a client again that was closed meanwhile. */
function forgetNextAttempt(client: Redis): void {
  clearTimeout(Reflect.get(client, "reconnectTimeout") as NodeJS.Timeout | undefined);
}
