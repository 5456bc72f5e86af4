import type { ReceivedMessage, SendFailureReason, SentMessage, ServerTransaction } from "@tandem/sip-endpoint";
import type { Application } from "./application.ts";
import { toTag } from "./dialog-id.ts";

/** A request that waits for its final response. */
export interface Offer {
  readonly transaction: ServerTransaction;
  readonly received: ReceivedMessage;
  /** To tag of the request: our tag of the dialog it belongs to. */
  readonly dialogTag: string | undefined;
  /** The application it was offered to last, or the one that answered first; null while it waits for one to connect. */
  session: Application | null;
  /** How often it was offered. */
  offers: number;
  /** A provisional response went out: somebody works on it. */
  progressed: boolean;
  /** It counts for the affinity of its call. */
  holdsAffinity: boolean;
  /** When the edge answers by itself, clock time in milliseconds. */
  dueMs: number;
  /** When it has waited long enough for an application to connect, clock time in milliseconds. */
  parkedUntilMs: number;
  /** Our To tag once a response was completed by the edge; empty while there is none or when the application gives it. */
  localTag: string;
  /** The application handed it to the proxy: no application is asked any more. */
  proxied: boolean;
  /** It belongs to an emergency call: an edge that ends waits for it. */
  held: boolean;
}

/** A request that nobody was offered yet. `dueMs`: when the edge answers by itself, clock time in milliseconds. */
export function newOffer(transaction: ServerTransaction, received: ReceivedMessage, dueMs: number): Offer {
  return {
    transaction,
    received,
    dialogTag: toTag(received.message),
    session: null,
    offers: 0,
    progressed: false,
    holdsAffinity: false,
    dueMs,
    parkedUntilMs: 0,
    localTag: "",
    proxied: false,
    held: false,
  };
}

/** An INVITE answered with 2xx whose ACK has not come. */
export interface AnsweredInvite {
  readonly transaction: ServerTransaction;
  readonly session: Application;
  readonly sent: SentMessage;
  /** As of the offer. */
  held: boolean;
}

/** What became of a response. `incomplete`: an application without `octets` left out what it must give. */
export type Answered =
  | { readonly ok: true; readonly offer: Offer; readonly sent: SentMessage | null }
  | { readonly ok: false; readonly reason: SendFailureReason | "incomplete"; readonly detail: string };
