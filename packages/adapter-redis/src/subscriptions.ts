import type { RedisClient } from "./client-options.ts";

/** Pub/sub on one connection of its own, opened with the first subscription. Messages may be lost; who listens must also look by himself. */
export class Subscriptions {
  readonly #open: () => RedisClient;
  readonly #listeners = new Map<string, Set<() => void>>();
  #client: RedisClient | null = null;

  constructor(open: () => RedisClient) {
    this.#open = open;
  }

  /** Calls `onMessage` for every message on the channel; returns the end of it. */
  add(channel: string, onMessage: () => void): () => void {
    const client = this.#connected();
    const known = this.#listeners.get(channel);
    const listeners = known ?? new Set();
    listeners.add(onMessage);
    this.#listeners.set(channel, listeners);
    if (known === undefined) ignoreFailure(client.subscribe(channel));
    return () => {
      listeners.delete(onMessage);
      if (listeners.size > 0 || this.#listeners.get(channel) !== listeners) return;
      this.#listeners.delete(channel);
      ignoreFailure(client.unsubscribe(channel));
    };
  }

  #connected(): RedisClient {
    if (this.#client !== null) return this.#client;
    const client = this.#open();
    client.on("message", (channel: string) => {
      for (const listener of this.#listeners.get(channel) ?? []) listener();
    });
    this.#client = client;
    return client;
  }
}

/** The client subscribes again by itself after a reconnect; a connection closed on purpose rejects, and nobody listens any more. */
function ignoreFailure(done: Promise<unknown>): void {
  done.catch(() => undefined);
}
