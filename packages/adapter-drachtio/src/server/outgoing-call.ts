import { buildRequest, type SipMessage } from "@tandem/sip";
import type {
  ClientFailure,
  ClientTransaction,
  ClientTransactionEvents,
  ReceivedMessage,
  SentMessage,
} from "@tandem/sip-endpoint";
import type { AppSession } from "./app-session.ts";
import type { Application } from "./application.ts";
import type { StockDialog } from "./stock/stock-dialogs.ts";

/** What is asked of the endpoint. */
export interface OutgoingCallParts {
  /** As handed to the endpoint. */
  readonly request: SipMessage;
  readonly listener: string | null;
  /** Branch of its Via that the application chose; empty: the endpoint makes one. */
  readonly branch: string;
}

/** Told by a request under way. */
export interface OutgoingCallHost {
  sent(call: EchoedCall, sent: SentMessage): void;
  trying(call: OutgoingCall, response: ReceivedMessage): void;
  responded(call: OutgoingCall, response: ReceivedMessage): void;
  /** A 2xx to its INVITE came again: nobody acknowledged it here, and no ACK sent elsewhere had arrived when it was sent. */
  repeated(call: OutgoingCall, response: ReceivedMessage): void;
  failed(call: OutgoingCall, failure: ClientFailure): void;
  /** An application at the other end of a connection must hear that no response will come. */
  tellFailure(call: FramedCall, failure: ClientFailure): void;
}

/** A request of an application under way. */
export abstract class OutgoingCall implements ClientTransactionEvents {
  abstract readonly session: Application;
  /** As handed to the endpoint; of an answered INVITE the start line. */
  request: SipMessage;
  readonly listener: string | null;
  readonly branch: string;
  /** Set right after the endpoint was asked; no event comes before. */
  transaction: ClientTransaction | null = null;
  /** It counts for the affinity of its call. */
  holdsAffinity = false;
  /** It belongs to an emergency call: an edge that ends waits for it. */
  held = false;
  /** Clock time when its application was lost, milliseconds; 0 while it is there. */
  lostMs = 0;
  /** An INVITE out of a dialog that the edge cancelled, because nobody went on with it. */
  abandoned = false;
  /** The last response but 100 that an application which goes on with it must be told again. */
  last: ReceivedMessage | null = null;
  /** Why no final response will come: told again likewise. */
  failure: ClientFailure | null = null;
  /** The same request of the application that goes on with it. */
  heir: OutgoingCall | null = null;
  protected readonly host: OutgoingCallHost;

  constructor(host: OutgoingCallHost, parts: OutgoingCallParts) {
    this.host = host;
    this.request = parts.request;
    this.listener = parts.listener;
    this.branch = parts.branch;
  }

  /** Brings a response to the application. */
  abstract deliver(response: ReceivedMessage, dialogId: string): void;

  /** Tells the application that no response will come. */
  abstract fail(failure: ClientFailure): void;

  onTrying(response: ReceivedMessage): void {
    this.host.trying(this.owner, response);
  }

  onResponse(response: ReceivedMessage): void {
    this.host.responded(this.owner, response);
  }

  onRepeatedAnswer(response: ReceivedMessage): void {
    this.host.repeated(this.owner, response);
  }

  onFailure(failure: ClientFailure): void {
    this.host.failed(this.owner, failure);
  }

  /** Further answers may come for 32 s (RFC 3261 §13.2.2.4): for what they need of the INVITE its start line is enough. */
  keepStartLine(): void {
    const { method, uri } = this.request;
    this.request = buildRequest({ method, uri, headers: [] });
  }

  /** Whoever goes on with it now. */
  private get owner(): OutgoingCall {
    return this.heir?.owner ?? this;
  }
}

/** A request of an application at the other end of a connection. */
export class FramedCall extends OutgoingCall {
  readonly session: AppSession;

  constructor(host: OutgoingCallHost, session: AppSession, parts: OutgoingCallParts) {
    super(host, parts);
    this.session = session;
  }

  deliver(response: ReceivedMessage, dialogId: string): void {
    const transactionId = this.transaction?.id ?? "";
    this.session.deliver(response, { transactionId, dialogId, redelivered: false });
  }

  fail(failure: ClientFailure): void {
    this.host.tellFailure(this, failure);
  }
}

/** A request of an application that wants to see it as it went out, and whose dialogs the edge keeps. */
export class EchoedCall extends FramedCall {
  /** Message id of the frame, until it was answered. */
  frameId: string | null;
  /** Dialog it is sent in. */
  readonly dialog: StockDialog | null;

  constructor(
    host: OutgoingCallHost,
    session: AppSession,
    parts: OutgoingCallParts & { readonly frameId: string; readonly dialog: StockDialog | null },
  ) {
    super(host, session, parts);
    this.frameId = parts.frameId;
    this.dialog = parts.dialog;
  }

  /** The dialog of every further answer is made of the whole INVITE. */
  override keepStartLine(): void {}

  /** drachtio-server never passes a 100 up. */
  override onTrying(): void {}

  onSent(sent: SentMessage): void {
    this.host.sent(this, sent);
  }
}
