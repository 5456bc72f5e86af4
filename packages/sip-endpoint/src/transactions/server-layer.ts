import {
  hasParameter,
  requestKey,
  responseTo,
  serverTransactionKey,
  transactionFacts,
  isGraveFault,
  isLetOffForm,
  looksLikeEmergency,
  mendRequest,
  type MessageFault,
  validateRequest,
  type SipMessage,
  type TransactionFacts,
} from "@tandem/sip";
import type { AdoptedInvite } from "../endpoint.ts";
import { detached } from "../messages/detached.ts";
import { Received } from "../messages/received-message.ts";
import { hostOf, responseText, sentByPort, viaOfAnyVersion, withSource } from "../messages/via-lines.ts";
import type { Arrival } from "../transport/arrival.ts";
import type { TransactionContext } from "./context.ts";
import { InviteServerTx } from "./invite-server-transaction.ts";
import { NonInviteServerTx } from "./non-invite-server-transaction.ts";
import { replyOutlet } from "./reply.ts";
import type { Deliver, ServerTx } from "./server-transaction.ts";

/** Why a request is not passed up. */
interface Refusal {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: readonly (readonly [string, string])[];
}

interface Incoming {
  readonly request: Received;
  readonly facts: TransactionFacts;
  readonly key: string;
}

const MERGED: Refusal = { status: 482, reason: "Merged Request" };
const CLOSING: Refusal = { status: 503, headers: [["Retry-After", "5"]] };

/** Requests: finds the transaction they belong to, or makes one and tells the user. */
export class ServerLayer {
  /** New requests get 503. */
  closing = false;
  private readonly context: TransactionContext;
  private readonly byKey = new Map<string, ServerTx>();
  /** INVITEs, and other requests that are not of a dialog, by Call-ID, CSeq and From tag. */
  private readonly byRequest = new Map<string, ServerTx>();
  private readonly passUp: Deliver;

  constructor(context: TransactionContext) {
    this.context = context;
    this.passUp = (transaction, request) => context.events.onRequest(transaction, request);
  }

  /** Ends every transaction; nothing more is sent. */
  stop(): void {
    for (const transaction of this.byKey.values()) transaction.end();
  }

  /** A readable request arrived. */
  onRequest(message: SipMessage, arrival: Arrival): void {
    this.context.counters.message("in", arrival.transport, message.method, 0);
    const facts = transactionFacts(message);
    if (facts === undefined)
      return this.refuseStatelessly(message, arrival, validateRequest(message) ?? { status: 400 });
    const { via } = facts;
    const { connection } = arrival;
    if (connection !== undefined && hasParameter(via.params, "alias")) {
      this.context.transports.table.alias(connection, hostOf(via), sentByPort(via, arrival.transport));
    }
    const request = new Received(withSource(message, via, arrival), arrival, this.context.clock.now());
    const incoming = { request, facts, key: detached(serverTransactionKey(message, facts)) };
    if (message.method === "ACK") this.onAck(incoming);
    else this.onOther(incoming);
  }

  /** An INVITE that was passed up elsewhere: a transaction for it without telling the user. Null: it cannot be had, or is here. */
  adopt(invite: SipMessage, arrival: Arrival): AdoptedInvite | null {
    const facts = transactionFacts(invite);
    if (this.closing || facts === undefined || invite.kind !== "request" || invite.method !== "INVITE") return null;
    const key = detached(serverTransactionKey(invite, facts));
    if (this.byKey.has(key) || this.byRequest.get(requestKey(facts))?.ongoing === true) return null;
    const received = new Received(invite, arrival, this.context.clock.now());
    const transaction = this.open({ request: received, facts, key }, () => undefined);
    transaction.isAdopted = true;
    this.byRequest.set(detached(requestKey(facts)), transaction);
    return { transaction, received };
  }

  /** Whether a request of that transaction is here. */
  knows(request: SipMessage): boolean {
    const facts = transactionFacts(request);
    return facts !== undefined && this.byKey.has(serverTransactionKey(request, facts));
  }

  /** Answers a request that could not be read or whose end cannot be told; one line in the log, one metric. */
  refuseStatelessly(
    request: SipMessage,
    arrival: Arrival,
    fault: { readonly status: number; readonly detail?: string },
  ): void {
    const { counters, log, ids, serverHeaders, transports } = this.context;
    const via = request.method === "ACK" ? undefined : viaOfAnyVersion(request);
    const outlet = via && replyOutlet(transports, arrival, via, { onTransportError: () => undefined });
    const { transport, address, port, listener } = arrival;
    const fields = { transport, address, port, listener: listener.name, status: fault.status, reason: fault.detail };
    if (via === undefined || outlet === undefined) {
      counters.discarded.malformed++;
      log.warn(fields, "malformed message dropped");
      return;
    }
    counters.discarded.rejected++;
    log.warn(fields, "malformed request refused");
    const annotated = withSource(request, via, arrival);
    const reason = fault.detail === undefined ? {} : { reason: fault.detail };
    const response = responseTo(annotated, fault.status, { ...reason, toTag: ids.tag(), headers: serverHeaders });
    counters.message("out", transport, request.method, fault.status);
    outlet.send(responseText(response, annotated.getAll("Via")));
    outlet.release();
  }

  private onOther(incoming: Incoming): void {
    const known = this.byKey.get(incoming.key);
    if (known !== undefined) {
      this.context.counters.retransmissionsReceived++;
      return known.onRetransmission();
    }
    const refusal = this.refusalOf(incoming);
    if (refusal !== undefined) {
      this.open(incoming, (transaction) =>
        transaction.respondByItself(refusal.status, refusal.reason, refusal.headers),
      );
    } else if (incoming.request.message.method === "CANCEL") {
      this.open(incoming, (transaction, cancel) => this.onCancel(transaction, cancel, incoming.facts));
    } else {
      this.open(incoming, this.passUp);
    }
  }

  private refusalOf(incoming: Incoming): Refusal | undefined {
    const { request, facts } = incoming;
    const fault = validateRequest(request.message);
    if (fault !== undefined && !this.letOff(request, fault))
      return this.refused(fault.status, fault.detail, request.source);
    // A CANCEL shares Call-ID, CSeq and From tag with its INVITE by design.
    if (request.message.method === "CANCEL") return undefined;
    const first = facts.toTag === undefined ? this.byRequest.get(requestKey(facts)) : undefined;
    if (first?.ongoing === true && this.isMerged(first, request.message)) {
      this.context.counters.discarded.merged++;
      return MERGED;
    }
    return this.closing ? CLOSING : undefined;
  }

  /**
   * RFC 3261 §8.2.2.2: a fork of the request under way, which another branch of it brought here. Not the INVITE whose sender lost the first way and takes the next one (RFC 3263 §4.3): its
   * connection is gone, its edge is, or it waited in vain. An emergency call is never refused for it: the application decides which way is answered.
   */
  private isMerged(first: ServerTx, request: SipMessage): boolean {
    if (!(first instanceof InviteServerTx)) return true;
    const isYoung = this.context.clock.now() - first.atMs < this.context.timers.t1;
    return isYoung && first.isReachable && !looksLikeEmergency(request);
  }

  /**
   * An emergency call is not lost for a fault of form: the application decides what it is, and refuses it if it is none. Neither are the requests that belong
   * to one: only a call that was let in has them.
   */
  private letOff({ message, source }: Received, fault: MessageFault): boolean {
    if (!isLetOffForm(message) || !isUsable(message)) return false;
    const { transport, address, port, listener } = source;
    const where = { transport, address, port, listener: listener.name };
    this.context.log.warn(
      { ...where, reason: fault.detail },
      "malformed request passed on, it may be an emergency call",
    );
    return true;
  }

  private refused(status: number, reason: string, source: Arrival): Refusal {
    const { transport, address, port, listener } = source;
    this.context.counters.discarded.rejected++;
    this.context.log.warn(
      { transport, address, port, listener: listener.name, status, reason },
      "malformed request refused",
    );
    return { status, reason };
  }

  private onAck(incoming: Incoming): void {
    const { request, facts, key } = incoming;
    const invite = this.byKey.get(key) ?? this.byRequest.get(requestKey(facts));
    if (invite instanceof InviteServerTx && invite.onAck(request, facts.toTag)) return;
    if (isUsable(request.message)) return this.context.events.onAck(request, null);
    this.context.counters.discarded.malformed++;
  }

  private onCancel(transaction: ServerTx, cancel: Received, facts: TransactionFacts): void {
    const invite = this.byKey.get(serverTransactionKey(cancel.message, facts, "INVITE"));
    if (!(invite instanceof InviteServerTx)) {
      this.context.counters.discarded["stray-cancel"]++;
      return transaction.respondByItself(481);
    }
    // RFC 3261 §9.2: both responses have the same To tag.
    invite.localTag ??= this.context.ids.tag();
    transaction.localTag = invite.localTag;
    transaction.respondByItself(200);
    if (invite.cancel()) this.context.events.onCancel(invite, cancel);
  }

  private open(incoming: Incoming, deliver: Deliver): ServerTx {
    const { request, facts, key } = incoming;
    const shared = detached(requestKey(facts));
    const parts = {
      request,
      via: facts.via,
      key,
      callId: facts.callId,
      deliver,
      ended: (transaction: ServerTx): void => {
        this.byKey.delete(key);
        if (this.byRequest.get(shared) === transaction) this.byRequest.delete(shared);
      },
    };
    const invite = request.message.method === "INVITE";
    const transaction = invite ? new InviteServerTx(this.context, parts) : new NonInviteServerTx(this.context, parts);
    this.byKey.set(key, transaction);
    const findable = deliver === this.passUp && (invite || facts.toTag === undefined);
    if (findable) this.byRequest.set(shared, transaction);
    transaction.start();
    return transaction;
  }
}

/** It can be served, at least as far as it can be read; one without a fault, as nearly all are, is not mended. */
function isUsable(message: SipMessage): boolean {
  if (validateRequest(message) === undefined) return true;
  const left = validateRequest(mendRequest(message));
  return left === undefined || !isGraveFault(left);
}
