import type { ReceivedMessage } from "@tandem/sip-endpoint";
import type { AnsweredInvite } from "./offer.ts";

/** What an application is told about a request besides the message. */
export interface RequestTokens {
  readonly transactionId: string;
  /** Id of the dialog the message belongs to, empty for none; only applications without `octets` are told. */
  readonly dialogId: string;
  /** Another application took the request before and was lost. */
  readonly redelivered: boolean;
}

/** A 2xx to an INVITE that nobody acknowledged here: its application is lost, or the peer says it again. */
export interface OrphanedAnswer {
  readonly answer: ReceivedMessage;
  /** The INVITE left by it. */
  readonly listener: string;
  /** An application that may have the call was told it before: one that no record knows may live all the same, and is not ended. */
  readonly told: boolean;
  /** When it came first, clock time in milliseconds. */
  readonly firstMs: number;
}

/** Whoever decides about calls, as the edge sees it: a program at the other end of a connection, or the worker in the edge's own process. */
export interface Application {
  /** It is there: connected and authenticated. */
  readonly ready: boolean;
  /** It keeps its own dialogs, sends messages as they shall go out and wants no echo (tag `octets`). */
  readonly octets: boolean;
  /** It shares the edge's process: requests reach it without a hop, so it is asked first. */
  readonly local: boolean;
  /** It is connected and has said nothing for longer than it said it would: it gets what another one can do only when there is none. */
  readonly still: boolean;
  /** Brings a request to be answered, an ACK, or the CANCEL of a request brought before. */
  deliver(received: ReceivedMessage, tokens: RequestTokens): void;
  /** No ACK will come for a 2xx. Only told to an application with `octets`. */
  ackMissing(answered: AnsweredInvite): void;
  /** Only to an application with `octets`. */
  orphanAnswer(orphaned: OrphanedAnswer): void;
}
