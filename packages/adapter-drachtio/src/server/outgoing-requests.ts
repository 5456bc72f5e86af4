import { endingOf, withHeaders, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { ClientFailure, OutgoingRequest, ReceivedMessage, SendResult, SentMessage } from "@tandem/sip-endpoint";
import { formatRequestSent } from "../wire/edge-frame.ts";
import type { Application } from "./application.ts";
import { BranchedInvites } from "./branched-invites.ts";
import { toTag } from "./dialog-id.ts";
import type { EdgeContext } from "./edge-context.ts";
import { madeUpResponseFrame } from "./made-up-response.ts";
import { EchoedCall, type FramedCall, type OutgoingCall, type OutgoingCallHost } from "./outgoing-call.ts";
import { refusalText } from "./refusal-text.ts";
import { requestEcho, sentEcho } from "./stock/request-echo.ts";
import type { StockClientDialogs } from "./stock/stock-client-dialogs.ts";
import { ANSWER_LIFE_MS, UnacknowledgedAnswers, type UnacknowledgedAnswer } from "./unacknowledged-answers.ts";

/** Where a request goes, and how long it may stay unanswered there. */
interface Way {
  readonly nextHop: string | null;
  readonly timeoutMs: number | null;
  /** Sent-by of its Via; empty: that of the listener. */
  readonly sentBy: string;
}

/** Why a pending INVITE is cancelled when its application is gone (RFC 3326). */
const LOST_REASON = [["Reason", 'SIP;cause=503;text="Application lost"']] as const;

/** What the application hears whose INVITE another one goes on with. */
const SUPERSEDED: ClientFailure = { reason: "superseded", detail: "another application goes on with it" };

/** drachtio-server reports these as a response that it makes up, not as a refusal. */
const MADE_UP_REASONS: readonly ClientFailure["reason"][] = ["timeout", "transport", "tls", "unresolved", "cancelled"];

const IGNORE = { onResponse: () => undefined, onFailure: () => undefined } as const;

/**
 * Requests of applications: handed to the endpoint, their responses brought back. Another application that sends an INVITE again, by its branch, goes on with it. When the
 * application is lost, its INVITEs are held for such a one, then cancelled; answers nobody acknowledged are brought to another one, and ended when there is none.
 */
export class OutgoingRequests implements OutgoingCallHost {
  readonly #context: EdgeContext;
  readonly #dialogs: StockClientDialogs;
  readonly #pending = new Map<string, OutgoingCall>();
  readonly #unacknowledged = new UnacknowledgedAnswers();
  readonly #branched = new BranchedInvites();

  constructor(context: EdgeContext, dialogs: StockClientDialogs) {
    this.#context = context;
    this.#dialogs = dialogs;
  }

  /** Requests waiting for their final response. */
  get size(): number {
    return this.#pending.size;
  }

  /** INVITEs that an edge which ends waits for. */
  get held(): number {
    let count = 0;
    for (const { held } of this.#pending.values()) if (held) count += 1;
    return count;
  }

  /** A request of an emergency call, whichever application says so. */
  hold(id: string): void {
    const call = this.#pending.get(id);
    if (call?.request.method === "INVITE") call.held = true;
  }

  /** Requests of the application that wait for their final response. */
  of(session: Application): readonly OutgoingCall[] {
    return [...this.#pending.values()].filter((call) => call.session === session);
  }

  /** Hands a request other than ACK and CANCEL to the endpoint; gives the id of its transaction. */
  start(call: OutgoingCall, { nextHop, timeoutMs, sentBy }: Way): string {
    const { request, listener, branch } = call;
    const isInvite = request.method === "INVITE";
    const known = branch === "" || !isInvite ? undefined : this.#branched.take(branch, call.session);
    if (known !== undefined) return this.#inherit(known, call);
    const wishes = {
      ...(timeoutMs === null ? {} : { timeoutMs }),
      ...(branch === "" ? {} : { branch }),
      ...(sentBy === "" ? {} : { sentBy }),
    };
    const transaction = this.#context.endpoint().request({ message: request, listener, nextHop, ...wishes }, call);
    call.transaction = transaction;
    this.#pending.set(transaction.id, call);
    if (isInvite) {
      call.holdsAffinity = true;
      this.#context.affinity.begin(transaction.callId, call.session);
      this.#branched.begin(call);
    }
    return transaction.id;
  }

  /** Sends the ACK to a 2xx, whichever application the answered INVITE was of. */
  acknowledge(ack: OutgoingRequest): Promise<SendResult> {
    const acknowledged = this.#unacknowledged.acknowledge(ack.message);
    if (acknowledged !== undefined) this.#releaseAffinity(acknowledged.call);
    return this.#context.endpoint().sendAck(ack);
  }

  /** Cancels an INVITE under way, whichever application it was of; gives the INVITE, or undefined when there is none. */
  cancel(id: string, headers: readonly HeaderLine[]): SipMessage | undefined {
    const call = this.#pending.get(id);
    if (call?.request.method !== "INVITE" || call.transaction === null) return undefined;
    call.transaction.cancel(headers);
    return call.request;
  }

  /** The application is gone. */
  lost(session: Application): void {
    const nowMs = this.#context.clock.now();
    this.#unacknowledged.lost(session, nowMs);
    for (const { call, answer } of this.#unacknowledged.of(session)) {
      call.last = answer;
      this.#branched.hold(call, nowMs);
    }
    for (const call of this.#pending.values()) {
      if (call.session !== session || call.request.method !== "INVITE") continue;
      call.lostMs = nowMs;
      if (!this.#branched.hold(call, nowMs)) this.#cancelOrphan(call);
    }
  }

  /** Cancels the INVITEs that nobody went on with in time, and brings the answers that nobody acknowledged to another application. */
  sweep(nowMs: number): void {
    const { holdMs, orphanAckMs } = this.#context.settings;
    for (const call of this.#branched.takeOverdue(nowMs, holdMs)) this.#cancelOrphan(call);
    for (const overdue of this.#unacknowledged.takeOverdue(nowMs, orphanAckMs)) {
      this.#releaseAffinity(overdue.call);
      if (overdue.call.lostMs > 0) this.#handOver(overdue, nowMs);
    }
  }

  /** A 2xx to an INVITE that was sent before this edge began: whoever has the call's record knows what becomes of it. */
  strayAnswer(answer: ReceivedMessage): void {
    const any = this.#context.roster.nextForDialog("INVITE");
    if (any?.octets === true)
      any.orphanAnswer({ answer, listener: answer.source.listener.name, told: false, firstMs: answer.atMs });
  }

  sent(call: EchoedCall, sent: SentMessage): void {
    if (call.frameId !== null) this.#echo(call, call.frameId, sent);
  }

  /** Applications with `octets` learn from the 100 of an INVITE that the next hop lives. */
  trying(call: OutgoingCall, response: ReceivedMessage): void {
    if (call.branch !== "") call.last ??= response;
    if (call.request.method === "INVITE" && call.session.ready) this.#deliver(call, response);
  }

  responded(call: OutgoingCall, response: ReceivedMessage): void {
    const { message } = response;
    const { session } = call;
    const accepted = call.request.method === "INVITE" && message.status >= 200 && message.status < 300;
    if (message.status >= 200) this.#finish(call, accepted);
    // A final response that was told needs no repeating; `lost` finds the 2xx that is not acknowledged.
    if (call.branch !== "") call.last = message.status >= 200 && session.ready ? null : response;
    if (!session.ready) {
      if (!accepted) return;
      if (!session.octets) return this.#end(call, response);
      // Only the call's record knows whether somebody waits for it: it may be the answer to a re-INVITE.
      return this.#unacknowledged.add({ call, answer: response, atMs: this.#context.clock.now(), told: false });
    }
    if (accepted) {
      this.#unacknowledged.add({ call, answer: response, atMs: this.#context.clock.now(), told: true });
    }
    this.#deliver(call, response);
    if (accepted) call.keepStartLine();
  }

  /**
   * The ACK went by another edge, and did not arrive (RFC 3261 §13.2.2.4), or the other side's has not come yet: whoever has the call's record can tell. An application that does not keep its own
   * dialogs has the answer, and if it is gone had it ended.
   */
  repeated(call: OutgoingCall, response: ReceivedMessage): void {
    const { session } = call;
    if (!session.octets) return;
    if (!session.ready) return this.#unacknowledged.repeated(call, response, this.#context.clock.now());
    const asked = session.still ? this.#context.roster.nextForDialog("INVITE") : session;
    if (asked?.octets !== true) return;
    asked.orphanAnswer({ answer: response, listener: call.listener ?? "", told: true, firstMs: response.atMs });
  }

  failed(call: OutgoingCall, failure: ClientFailure): void {
    this.#finish(call, false);
    if (call.branch !== "") call.failure = failure;
    if (call.session.ready) call.fail(failure);
  }

  tellFailure(call: FramedCall, failure: ClientFailure): void {
    const { session } = call;
    if (call instanceof EchoedCall && call.frameId !== null) {
      if (!MADE_UP_REASONS.includes(failure.reason)) {
        return session.reply(call.frameId, `NOK|${refusalText(failure.reason, failure.detail)}`);
      }
      this.#echo(call, call.frameId, null);
    }
    const { tokens, clock } = this.#context;
    session.send(madeUpResponseFrame(call, failure, { tokens, nowMs: clock.now(), dialogs: this.#dialogs }));
  }

  #deliver(call: OutgoingCall, response: ReceivedMessage): void {
    call.deliver(response, call instanceof EchoedCall ? this.#dialogs.responded(call, response.message) : "");
  }

  #echo(call: EchoedCall, frameId: string, sent: SentMessage | null): void {
    call.frameId = null;
    const { tokens, clock } = this.#context;
    const echo = sent === null ? requestEcho(call.request, clock.now()) : sentEcho(sent);
    const transactionId = call.transaction?.id ?? "";
    call.session.send(formatRequestSent(tokens.next(), frameId, { ...echo, transactionId }));
  }

  /** The final response came, or none will; an accepted INVITE keeps its affinity until the ACK. */
  #finish(call: OutgoingCall, accepted: boolean): void {
    this.#pending.delete(call.transaction?.id ?? "");
    this.#branched.finish(call);
    if (!accepted) this.#releaseAffinity(call);
  }

  #releaseAffinity(call: OutgoingCall): void {
    if (!call.holdsAffinity) return;
    call.holdsAffinity = false;
    this.#context.affinity.end(call.transaction?.callId ?? "");
  }

  /** Another application goes on with an INVITE: it is told what came last, or that nothing will come, and nothing is sent. */
  #inherit(known: OutgoingCall, call: OutgoingCall): string {
    const { transaction, last, failure } = known;
    known.heir = call;
    call.transaction = transaction;
    call.holdsAffinity = known.holdsAffinity;
    known.holdsAffinity = false;
    call.held = known.held;
    const id = transaction?.id ?? "";
    if (this.#pending.has(id)) {
      this.#pending.set(id, call);
      this.#branched.begin(call);
    }
    this.#context.affinity.move(transaction?.callId ?? "", call.session);
    if (known.session.ready) known.fail(SUPERSEDED);
    else this.#context.counters.orphansTaken += 1;
    // Both after the reply that tells the transaction's id.
    if (failure !== null) setImmediate(() => this.failed(call, failure));
    else if (last !== null) {
      this.#unacknowledged.forget(last);
      setImmediate(() => (last.message.status === 100 ? this.trying(call, last) : this.responded(call, last)));
    }
    return id;
  }

  #cancelOrphan(call: OutgoingCall): void {
    if (!this.#pending.has(call.transaction?.id ?? "")) return;
    call.abandoned = toTag(call.request) === undefined;
    this.#context.counters.orphansCancelled += 1;
    call.transaction?.cancel(LOST_REASON);
  }

  /**
   * Whoever has the call's record knows what becomes of the answer. Nobody there: it waits for as long as the peer repeats it. Then a peer that got no ACK has
   * ended the call by itself (RFC 3261 §13.3.1.4), and one that got it by another edge talks: only what was cancelled here is ended here.
   */
  #handOver(overdue: UnacknowledgedAnswer, nowMs: number): void {
    const { call, answer, atMs, told } = overdue;
    const another = this.#context.roster.nextForDialog("INVITE");
    const listener = call.listener ?? "";
    if (another?.octets === true) return another.orphanAnswer({ answer, listener, told, firstMs: atMs });
    if (nowMs - atMs < ANSWER_LIFE_MS) return this.#unacknowledged.add(overdue);
    if (call.abandoned || !call.session.octets) this.#end(call, answer);
  }

  /** RFC 3261 §15: an answered call that nobody wants is acknowledged and ended at once. */
  #end(call: OutgoingCall, answer: ReceivedMessage): void {
    this.#releaseAffinity(call);
    this.#context.counters.orphansEnded += 1;
    const { ack, bye } = endingOf(answer.message, call.request.uri);
    const { listener } = call;
    const endpoint = this.#context.endpoint();
    void endpoint.sendAck({ message: ack, listener, nextHop: null });
    endpoint.request({ message: bye, listener, nextHop: null }, IGNORE);
  }
}

/** The request with Max-Forwards, which is all that the edge adds to it (RFC 3261 §8.1.1.6). */
export function withMaxForwards(request: SipMessage): SipMessage {
  if (request.has("Max-Forwards")) return request;
  return withHeaders(request, (headers) => void headers.append("Max-Forwards", "70"));
}
