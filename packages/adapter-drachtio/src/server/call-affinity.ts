import type { Application } from "./application.ts";

interface Live {
  session: Application;
  transactions: number;
}

interface Recent {
  readonly session: Application;
  readonly untilMs: number;
}

/** How long after its last INVITE transaction an application still gets what follows: by then it has stored what the ACK changed. */
const LINGER_MS = 500;

/**
 * Which application is setting up a call: the one with a live INVITE transaction of that Call-ID. Requests of the same Call-ID (PRACK,
 * UPDATE, ACK, a re-INVITE right behind the ACK) go to it, so that set-up stays in one process; soon afterwards any application will do.
 */
export class CallAffinity {
  readonly #calls = new Map<string, Live>();
  /** Oldest first. */
  readonly #recent = new Map<string, Recent>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Calls being set up. */
  get size(): number {
    return this.#calls.size;
  }

  /** The application that sets the call up, if it is still connected. */
  find(callId: string): Application | undefined {
    const session = this.#calls.get(callId)?.session ?? this.#lingering(callId);
    return session?.ready === true ? session : undefined;
  }

  /** The application that answers for an INVITE of that Call-ID just now, if it is still connected. */
  serving(callId: string): Application | undefined {
    const session = this.#calls.get(callId)?.session;
    return session?.ready === true ? session : undefined;
  }

  /** The call's transactions moved to this application. */
  move(callId: string, session: Application): void {
    const live = this.#calls.get(callId);
    if (live !== undefined) live.session = session;
  }

  /** An INVITE transaction of the call began at this application. */
  begin(callId: string, session: Application): void {
    const live = this.#calls.get(callId);
    if (live === undefined) this.#calls.set(callId, { session, transactions: 1 });
    else {
      live.session = session;
      live.transactions += 1;
    }
  }

  /** One INVITE transaction of the call is over. */
  end(callId: string): void {
    const live = this.#calls.get(callId);
    if (live === undefined) return;
    live.transactions -= 1;
    if (live.transactions > 0) return;
    this.#calls.delete(callId);
    this.#forgetOld();
    this.#recent.delete(callId);
    this.#recent.set(callId, { session: live.session, untilMs: this.#now() + LINGER_MS });
  }

  #lingering(callId: string): Application | undefined {
    const recent = this.#recent.get(callId);
    return recent !== undefined && this.#now() < recent.untilMs ? recent.session : undefined;
  }

  #forgetOld(): void {
    const nowMs = this.#now();
    for (const [callId, { untilMs }] of this.#recent) {
      if (nowMs < untilMs) return;
      this.#recent.delete(callId);
    }
  }
}
