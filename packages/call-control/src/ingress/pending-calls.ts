import type { Mail } from "../calls/call-shell.ts";

type Post = (callId: string, mail: Mail) => void;

/** Calls whose first event is still being prepared. What arrives for them meanwhile (a CANCEL above all) waits behind it, in order. */
export class PendingCalls {
  readonly #post: Post;
  readonly #waiting = new Map<string, Mail[]>();

  constructor(post: Post) {
    this.#post = post;
  }

  get size(): number {
    return this.#waiting.size;
  }

  has(callId: string): boolean {
    return this.#waiting.has(callId);
  }

  /** From now on mail for the call waits, behind what does already. */
  hold(callId: string): void {
    if (!this.#waiting.has(callId)) this.#waiting.set(callId, []);
  }

  /** Runs what was being looked up for, which may begin the call, prepare it first or refuse it, then posts what waited; while it is prepared, that waits on. */
  resume(callId: string, act: () => void): void {
    const waiting = this.#waiting.get(callId) ?? [];
    this.#waiting.delete(callId);
    act();
    for (const mail of waiting) this.post(callId, mail);
  }

  /** Posts the call's first event, then what waited. */
  release(callId: string, first: Mail): void {
    const waiting = this.#waiting.get(callId) ?? [];
    this.#waiting.delete(callId);
    for (const mail of [first, ...waiting]) this.#post(callId, mail);
  }

  /** It is no call of its own: what waited is another's. */
  handOver(callId: string, to: string): void {
    const waiting = this.#waiting.get(callId) ?? [];
    this.#waiting.delete(callId);
    for (const mail of waiting) this.post(to, mail);
  }

  post(callId: string, mail: Mail): void {
    const waiting = this.#waiting.get(callId);
    if (waiting === undefined) this.#post(callId, mail);
    else waiting.push(mail);
  }
}
