import { popUntilEnded } from "./blocking-list.ts";
import type { RedisClient } from "./client-options.ts";

/** Replies that arrive in one list and are told apart by their `id`. Listening begins with the first expected reply and ends with the connection. */
export class AwaitedReplies<Reply extends { readonly id: string }> {
  readonly #open: () => RedisClient;
  readonly #key: string;
  readonly #awaited = new Map<string, (reply: Reply | null) => void>();
  #listening = false;

  constructor(open: () => RedisClient, key: string) {
    this.#open = open;
    this.#key = key;
  }

  /** Resolves with the reply, or with null when none came within `waitMs` or it was forgotten. */
  expect(id: string, waitMs: number): Promise<Reply | null> {
    this.#listen();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.forget(id);
      }, waitMs);
      this.#awaited.set(id, (reply) => {
        clearTimeout(timer);
        this.#awaited.delete(id);
        resolve(reply);
      });
    });
  }

  forget(id: string): void {
    this.#awaited.get(id)?.(null);
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    popUntilEnded(this.#open(), this.#key, (text) => {
      const reply = JSON.parse(text) as Reply;
      this.#awaited.get(reply.id)?.(reply);
    });
  }
}
