import type { AppSession } from "./app-session.ts";

interface Live {
  session: AppSession;
  transactions: number;
}

/**
 * Which application is setting up a call: the one with a live INVITE transaction of that Call-ID. Requests of the same Call-ID (PRACK,
 * UPDATE, ACK, a re-INVITE that overtakes) go to it, so that set-up stays in one process; afterwards any application will do.
 */
export class CallAffinity {
  readonly #calls = new Map<string, Live>();

  /** Calls being set up. */
  get size(): number {
    return this.#calls.size;
  }

  /** The application that sets the call up, if it is still connected. */
  find(callId: string): AppSession | undefined {
    const session = this.#calls.get(callId)?.session;
    return session?.ready === true ? session : undefined;
  }

  /** The call's transactions moved to this application. */
  move(callId: string, session: AppSession): void {
    const live = this.#calls.get(callId);
    if (live !== undefined) live.session = session;
  }

  /** An INVITE transaction of the call began at this application. */
  begin(callId: string, session: AppSession): void {
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
    if (live.transactions <= 0) this.#calls.delete(callId);
  }
}
