import {
  attemptPlans,
  deskCallId,
  err,
  ok,
  parseCall,
  parseOurTag,
  type AttemptPlan,
  type Call,
  type DeskLink,
  type DeskOutcome,
  type Failure,
  type Result,
} from "@tandem/domain";
import { findBody, readTag, responseTo, type HeaderLine, type SipMessage } from "@tandem/sip";
import { uriFacts } from "../ingress/request-facts.ts";
import type { InForce } from "../live/topology-in-force.ts";
import type {
  CallStore,
  ClientEvents,
  ClientTransaction,
  Clock,
  MediaMixer,
  MediaRelay,
  OutgoingRequest,
  ServerTransaction,
  SipPort,
  Telemetry,
} from "../ports/index.ts";
import type { Mail } from "./call-shell.ts";
import { CopiedDesk } from "./copied-desk.ts";
import type { DeskAudio } from "./desk-audio.ts";
import { DESK_POOL, innerAck, innerBye, innerCancel, innerInvite, innerProfile, NOWHERE } from "./desk-requests.ts";
import { heardIn, type Heard } from "./heard-call.ts";
import { INSIDE, InnerPeer } from "./inner-peer.ts";
import { MixedDesk } from "./mixed-desk.ts";
import { transactionId } from "./transaction-id.ts";
import { unattended, withFallback, type BesideCall } from "./unattended.ts";

const GONE: Failure = { code: "call-gone", detail: "no desk's leg waits for that" };

export interface DeskParts {
  readonly media: MediaRelay;
  readonly mixers: MediaMixer;
  readonly clock: Clock;
  readonly store: CallStore;
  readonly telemetry: Telemetry;
  readonly inForce: () => InForce | null;
  readonly post: (callId: string, mail: Mail) => void;
}

/**
 * The leg to a security desk is a call of its own, with a record of its own: this is its inner end, a SIP peer whose audio is the relay's copy of an emergency
 * call. It keeps nothing: any worker can be it. Of what becomes of the leg the emergency call takes note, for its record, and nothing else.
 */
export class DeskLeg extends InnerPeer implements SipPort {
  readonly #parts: DeskParts;
  readonly #copied: CopiedDesk;
  readonly #mixed: MixedDesk;

  constructor(outside: SipPort, parts: DeskParts) {
    super(outside);
    this.#parts = parts;
    this.#copied = new CopiedDesk(parts.media);
    this.#mixed = new MixedDesk({ ...parts, onLost: (call, failure) => this.#mixerLost(call, failure) });
  }

  /** Finds a mixer for the desk that is to speak, too, and tells the call. */
  async findMixer(call: Call): Promise<void> {
    const { inForce, post } = this.#parts;
    const mixers = inForce()?.snapshot.topology.emergency.mediaMixers ?? [];
    const mixer = await this.#mixed.find(call, mixers).catch(() => null);
    if (mixer === null) this.#onlyHears(call.id);
    post(call.id, { event: { kind: "mixer-found", mixer } });
  }

  /** Looks after no call any more: others do. */
  stop(): void {
    this.#mixed.stop();
  }

  /** Any worker looks after the mixer of a call. */
  watch(call: Call): void {
    this.#mixed.watch(call);
  }

  /** Calls the desk that is to hear the call. Done twice it is done once: the leg's id is the call's. */
  async call(call: Call): Promise<void> {
    const heard = heardIn(call);
    if (heard === null) return;
    const plan = this.#plan(call, heard.desk);
    if (plan === undefined) return this.#refused(call.id, { reason: "the topology has no way to it" });
    const offer = await this.#audio(heard).offer(heard);
    if (!offer.ok) return this.#withoutDesk(call.id, offer.error);
    const { telemetry, post } = this.#parts;
    telemetry.callStarted({ pool: call.facts.pool, ingressTrunk: "" });
    this.#became(call.id, "called");
    const event = {
      kind: "invite",
      transaction: transactionId(inviteOf(call.id)),
      request: innerInvite(call, offer.value),
      ingress: innerProfile,
      attempts: [plan],
      considered: [],
      emergency: null,
    } as const;
    post(deskCallId(call.id), { event });
  }

  /** The emergency call is over, and so is the leg. */
  leave(call: Call): void {
    this.#mixed.release(call);
    if (call.desk?.called !== true) return;
    this.#end(call.id);
  }

  #end(callId: string): void {
    const transaction = transactionId(inviteOf(callId));
    const cancelled = { kind: "cancelled", transaction, cancel: innerCancel } as const;
    this.#parts.post(deskCallId(callId), { event: cancelled, otherwise: () => undefined });
    this.#hangUp(callId);
  }

  sendRequest(request: OutgoingRequest, events: ClientEvents): Promise<Result<ClientTransaction, Failure>> {
    if (request.pool !== DESK_POOL) return this.outside.sendRequest(request, events);
    const { message } = request;
    if (message.method !== "ACK") {
      const answer = withFallback(this.#answer(message), this.#beside(heardBy(message)), () =>
        responseTo(message, 500),
      );
      void answer.then((response) => events.onResponse(response, INSIDE));
    }
    return Promise.resolve(ok({ edge: DESK_POOL, id: message.method }));
  }

  respond(transaction: ServerTransaction, response: SipMessage): Promise<Result<void, Failure>> {
    if (transaction.edge !== DESK_POOL) return this.outside.respond(transaction, response);
    const [callId = "", method] = transaction.id.split(".");
    if (method === "INVITE" && response.status >= 200) {
      unattended(this.#onFinal(callId, response), this.#beside(callId), () => this.#hangUp(callId));
    }
    return Promise.resolve(ok(undefined));
  }

  cancel(...[transaction, headers]: Parameters<SipPort["cancel"]>): Promise<Result<void, Failure>> {
    if (transaction.edge !== DESK_POOL) return this.outside.cancel(transaction, headers);
    return Promise.resolve(err(GONE));
  }

  async #onFinal(callId: string, response: SipMessage): Promise<void> {
    const answered = response.status < 300;
    if (answered) this.#acknowledge(callId, response);
    const heard = await this.#heard(callId);
    if (!answered) {
      this.#refused(callId, { status: response.status });
      this.#endAudio(heard);
      return;
    }
    const answer = findBody(response, "application/sdp")?.body ?? "";
    const begun = heard === null ? err(GONE) : await this.#audio(heard).accept(heard, answer);
    if (begun.ok) return this.#became(callId, "joined", response.status);
    this.#withoutDesk(callId, begun.error);
    this.#endAudio(heard);
    this.#hangUp(callId);
  }

  #acknowledge(callId: string, response: SipMessage): void {
    this.#tell(callId, innerAck(response));
  }

  /** A desk that would hear nothing is not kept. */
  #hangUp(callId: string): void {
    this.#tell(callId, innerBye(callId));
  }

  /** A request of the inner end, to the leg. */
  #tell(callId: string, request: SipMessage): void {
    const transaction = transactionId({ edge: DESK_POOL, id: `${callId}.${request.method}` });
    const event = { kind: "request", leg: "a", transaction, request } as const;
    this.#parts.post(deskCallId(callId), { event, otherwise: () => undefined });
  }

  /** What the inner end says to a request of the desk's, or of its leg's own. */
  async #answer(message: SipMessage): Promise<SipMessage> {
    const heard = await this.#heard(heardBy(message));
    if (message.method === "BYE") {
      if (heard !== null) this.#became(heard.callId, "left");
      this.#endAudio(heard);
      return responseTo(message, 200);
    }
    // RFC 5057 §5.1: the call that was heard is over, so is the leg.
    if (heard === null) return responseTo(message, 481);
    const offered = findBody(message, "application/sdp")?.body;
    if (message.method !== "INVITE" && (message.method !== "UPDATE" || offered === undefined))
      return responseTo(message, 200);
    return this.#renegotiate(heard, message, offered);
  }

  /** The desk's new description (a hold, a refresh with re-INVITE). */
  async #renegotiate(heard: Heard, message: SipMessage, offered: string | undefined): Promise<SipMessage> {
    const audio = this.#audio(heard);
    const told = await (offered === undefined ? audio.offer(heard) : audio.renegotiate(heard, offered));
    if (!told.ok) return responseTo(message, 488);
    const headers: readonly HeaderLine[] = [
      ["Contact", `<sip:${NOWHERE}>`],
      ["Content-Type", "application/sdp"],
    ];
    return responseTo(message, 200, { headers, body: told.value });
  }

  #endAudio(heard: Heard | null): void {
    if (heard !== null) this.#audio(heard).end(heard);
  }

  #audio({ desk }: Heard): DeskAudio {
    return desk.mixer === undefined ? this.#copied : this.#mixed;
  }

  async #heard(callId: string): Promise<Heard | null> {
    const stored = await this.#parts.store.load(callId);
    const call = stored.ok && stored.value !== null ? parseCall(stored.value.document) : null;
    return call?.ok === true ? heardIn(call.value) : null;
  }

  #beside(callId: string): BesideCall {
    return { callId, telemetry: this.#parts.telemetry };
  }

  #plan(call: Call, desk: DeskLink): AttemptPlan | undefined {
    const inForce = this.#parts.inForce();
    if (inForce === null) return undefined;
    const number = uriFacts(desk.uri).user;
    const attempt = {
      trunk: desk.trunk,
      route: null,
      calledNumber: number,
      callingNumber: call.facts.callingNumber,
      suppressCallerId: false,
      emergency: null,
    };
    const decided = { kind: "route", normalisedNumber: number, dialPlanRule: null, considered: [] } as const;
    const [plan] = attemptPlans({ ...decided, attempts: [attempt] }, inForce.snapshot);
    return plan === undefined ? undefined : { ...plan, requestUri: desk.uri };
  }

  /** Told as a figure, and to the emergency call; one that is over meanwhile has its record. */
  #became(callId: string, outcome: DeskOutcome, sipCode?: number): void {
    this.#parts.telemetry.emergency.desk(outcome);
    const event = { kind: "desk-outcome", outcome, ...(sipCode !== undefined && { sipCode }) } as const;
    this.#parts.post(callId, { event, otherwise: () => undefined });
  }

  #refused(callId: string, why: { readonly status?: number; readonly reason?: string }): void {
    this.#became(callId, "refused", why.status);
    this.#parts.telemetry.log("warn", "a security desk does not hear an emergency call", { callId, ...why });
  }

  #onlyHears(callId: string): void {
    const { telemetry } = this.#parts;
    telemetry.emergency.desk("no-mixer");
    telemetry.log("warn", "a security desk only hears an emergency call: no mixer takes it", { callId });
  }

  /** The two hear each other directly again; the desk hears nothing, so its leg ends. */
  #mixerLost(call: Call, { detail }: Failure): void {
    const { telemetry } = this.#parts;
    this.#became(call.id, "mixer-lost");
    telemetry.log("error", "the mixer of an emergency call failed; the call goes on without its security desk", {
      callId: call.id,
      detail,
    });
    this.#mixed.release(call);
    this.#end(call.id);
  }

  #withoutDesk(callId: string, { detail }: Failure): void {
    const { telemetry } = this.#parts;
    this.#became(callId, "relay-lost");
    telemetry.log("warn", "a security desk does not hear an emergency call: the media relay gives no copy", {
      callId,
      detail,
    });
  }
}

/** Id of the emergency call that the desk of a request in the leg hears. */
function heardBy(message: SipMessage): string {
  return parseOurTag(readTag(message.get("From") ?? "") ?? "")?.callId.replace(/desk$/, "") ?? "";
}

function inviteOf(callId: string): ServerTransaction {
  return { edge: DESK_POOL, id: `${callId}.INVITE` };
}
