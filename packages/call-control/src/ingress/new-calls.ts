import { attemptPlans, replacedCall, type CallEvent, type CallPhase, type CompiledTrunk } from "@tandem/domain";
import type { SipMessage } from "@tandem/sip";
import type { Mail } from "../calls/call-shell.ts";
import type { DeskChoice } from "../calls/desk-choice.ts";
import type { RelayedMedia } from "../calls/relayed-media.ts";
import { transactionId } from "../calls/transaction-id.ts";
import type { LiveViews } from "../live/live-state.ts";
import type { InForce, TopologyInForce } from "../live/topology-in-force.ts";
import type { Callback, EmergencyNotices, IdentityHash, IncomingRequest } from "../ports/index.ts";
import { arrivalPlace } from "./arrival-place.ts";
import { decideRequest, ingressProfile, ingressTrunk, isForHelp } from "./arrival.ts";
import { callerOrigin } from "./caller-origin.ts";
import { isOurs, perhapsOf, type CallLookup } from "./came-back.ts";
import { asCallback, type Arrived, type ArrivedOnTrunk } from "./callback-arrival.ts";
import { caseOf, emergencyCase } from "./emergency-case.ts";
import { claimInvite, keepInvite, type ClaimPorts } from "./emergency-claim.ts";
import { announceEmergency } from "./emergency-notice.ts";
import { ordinaryBounds } from "./ordinary-bounds.ts";
import type { PendingCalls } from "./pending-calls.ts";
import {
  preparedWays,
  prepareEmergency,
  STEPS_AFTERWARDS,
  type EmergencyCase,
  type PreparationPorts,
} from "./prepare-emergency.ts";
import { mayBeCallback } from "./psap-callback.ts";
import { readable, type ReadInvite } from "./read-invite.ts";
import { callIdOf, uriFacts } from "./request-facts.ts";
import { isFork, likenessOf, SetupsHere, type SetupHere } from "./setups-here.ts";
import type { StatelessAnswers } from "./stateless-answers.ts";
import { redelivered } from "./redelivered.ts";
import { refusedUnrecorded } from "./unrecorded.ts";

type InviteEvent = Extract<CallEvent, { kind: "invite" }>;

export interface NewCallParts extends PreparationPorts, CallLookup, ClaimPorts {
  readonly topology: TopologyInForce;
  readonly live: LiveViews;
  readonly answers: StatelessAnswers;
  readonly hash: IdentityHash;
  readonly notices: EmergencyNotices;
  readonly pending: PendingCalls;
  /** True while this process works on the call, or something of it waits here. */
  readonly works: (callId: string) => boolean;
  readonly post: (callId: string, mail: Mail) => void;
  readonly chooseDesk: RelayedMedia["choose"];
}

/** How often, and at what distance (milliseconds), a call is looked for that another worker is about to store. */
const STORED_SOON_TRIES = 6;
const STORED_SOON_MS = 100;

/** INVITEs out of a dialog: who calls, may they, and where to. */
export class NewCalls {
  readonly #parts: NewCallParts;
  readonly #setups = new SetupsHere();

  constructor(parts: NewCallParts) {
    this.#parts = parts;
  }

  /** Takes an INVITE. One that was here before goes on from its record, whatever would be decided now; one that a worker brought to another edge never begins a call. */
  take(arrived: IncomingRequest): void {
    const callId = callIdOf(arrived.message, this.#parts.hash);
    const invite = readable(arrived);
    const { request } = invite;
    if (request.adopted === true) return this.#adopted(request, callId);
    if (!request.redelivered && !this.#parts.works(callId)) return this.#decide(invite, callId);
    const event = redelivered(request);
    const decide = () => this.#decide(invite, callId);
    const incident = request.redelivered ? this.#emergencyOf(request, callId) : null;
    if (incident === null) return this.#parts.post(callId, { event, otherwise: decide });
    // With the store away it is placed as if it were new: the same INVITE with the same branch, which takes over what the edge may still hold.
    this.#parts.post(callId, { event, otherwise: decide, unread: decide, known: () => this.#tellAgain(incident) });
  }

  /** The call that an INVITE by whatever way is of, or the CANCEL of one, as far as it is known here. */
  callOf(message: SipMessage): string {
    const callId = callIdOf(message, this.#parts.hash);
    if (this.#parts.works(callId)) return callId;
    // Several calls of that name: a fork of an emergency call is one of its own, whose last way its INVITE is.
    const named = this.#setups.find(message);
    const ofWay = named.find(({ request }) => callIdOf(request.message, this.#parts.hash) === callId);
    return (ofWay ?? named[0])?.callId ?? callId;
  }

  /** Brought to another edge: it belongs to a call that is there, or to none. One that another worker left is noted, for its CANCEL may come by the way that the call is not named by. */
  #adopted(request: IncomingRequest, way: string): void {
    const { topology, clock, post, telemetry } = this.#parts;
    const { ofCall: callId = this.callOf(request.message) } = request;
    if (request.ofCall !== undefined)
      telemetry.log("warn", "nobody attended to a caller who waits: an edge has his INVITE again", { callId });
    if (callId === way) return post(callId, { event: redelivered(request) });
    const trunk = topology.current === null ? null : ingressTrunk(request, topology.current);
    if (request.ofCall !== undefined) this.#setups.note({ request, trunk, callId, atMs: clock.now() });
    post(callId, { event: { ...redelivered(request), way: { id: way, nextHop: null } } });
  }

  /** The INVITE as an emergency call; null when it is none. */
  #emergencyOf(request: IncomingRequest, callId: string): EmergencyCase | null {
    const { live, topology, clock } = this.#parts;
    const inForce = topology.current;
    if (inForce === null) return null;
    const trunk = ingressTrunk(request, inForce);
    const decision = decideRequest(request, trunk, callId, { inForce, live: live.forCallsUnderWay });
    return emergencyCase({ request, trunk, decision, inForce }, callId, clock.now());
  }

  /** The worker that had the call may have died before it told anybody; one that begins anew is told of as it begins. Who is told twice is told once: the notice bears the call's id. */
  #tellAgain(incident: EmergencyCase): void {
    void prepareEmergency(incident, this.#parts, STEPS_AFTERWARDS).then((preparation) => {
      announceEmergency(incident, preparation, this.#parts);
    });
  }

  /** The same for one that goes on by another way: whoever had the first may be gone with it. */
  #tellOfSame(arrived: Arrived, callId: string): void {
    const incident = emergencyCase(arrived, callId, this.#parts.clock.now());
    if (incident !== null) this.#tellAgain(incident);
  }

  /** A call is over, or not worked on here any more: copies of its INVITE are late, not merged. One that waits has no phase yet. */
  phaseChanged(callId: string, phase: CallPhase | null): void {
    const isLeft = phase === null && !this.#parts.pending.has(callId);
    if (isLeft || phase === "ending" || phase === "over") this.#setups.forget(callId);
  }

  #decide(invite: ReadInvite, callId: string): void {
    const { answers, live, topology, pending } = this.#parts;
    const { request } = invite;
    const inForce = topology.current;
    if (inForce === null) return answers.refuse(request, "not-ready");
    const named = perhapsOf(request.message);
    // A call for help neither waits nor is refused for this: one that goes round is ended by the marks of its path, when all its ways out go round.
    if (named === null || isForHelp(request, callId, { inForce, live: live.forCallsUnderWay }))
      return this.#judge(invite, callId, inForce);
    pending.hold(callId);
    const looked = isOurs(named, request.message.uri, this.#parts).catch(() => false);
    void looked.then((ours) => {
      const failure = ingressTrunk(request, inForce) === null ? "unknown-source" : "loop-detected";
      const goOn = () => this.#judge(invite, callId, topology.current ?? inForce);
      pending.resume(callId, () => (ours ? answers.refuse(request, failure) : goOn()));
    });
  }

  #judge({ request, wasMalformed }: ReadInvite, callId: string, inForce: InForce): void {
    const { answers, live } = this.#parts;
    const trunk = ingressTrunk(request, inForce);
    const view = live.forNew(callId, request.transaction.edge);
    const decision = decideRequest(request, trunk, callId, { inForce, live: view });
    if (decision.kind !== "emergency" && wasMalformed) return answers.refuse(request, "malformed-request");
    if (trunk === null || decision.kind === "emergency") {
      return this.#admit({ request, trunk, decision, inForce, callback: null }, callId);
    }
    live.countOrdinary();
    return this.#lookForCallback({ request, trunk, decision, inForce }, callId);
  }

  /** An ordinary call asks this worker's copy of the callbacks only, which costs it nothing. */
  #lookForCallback(arrived: Omit<ArrivedOnTrunk, "callback">, callId: string): void {
    const { known, pending, live } = this.#parts;
    const { request, trunk, inForce } = arrived;
    const lookup = { callId, live: live.forCallsUnderWay };
    const goOn = (found: Callback | null): void => this.#admit(asCallback(arrived, { ...lookup, found }), callId);
    const number = uriFacts(request.message.uri).user;
    const found = known.reached(number);
    if (found !== null || !mayBeCallback(trunk, number, inForce.snapshot)) return goOn(found);
    pending.hold(callId);
    const late = known.find(number).catch(() => null);
    void late.then((answer) => pending.resume(callId, () => goOn(answer)));
  }

  #admit(arrived: Arrived, callId: string): void {
    const { request, trunk, decision, inForce, callback } = arrived;
    const { answers } = this.#parts;
    const replaces = decision.kind !== "emergency" && callback === null && request.message.has("Replaces");
    if (trunk !== null && replaces) return this.#replace(request, trunk, inForce);
    const setups = this.#setups.find(request.message);
    const isSecond = setups.length > 0 && setups[0]?.callId !== callId;
    const first = setups.find((setup) => setup.callId !== callId && this.#isSameCall(arrived, setup));
    if (isSecond && first !== undefined) return this.#goOn(arrived, callId, { callId: first.callId });
    const refused = refusedUnrecorded(arrived);
    if (refused !== null) return answers.refuse(request, refused);
    if (isSecond && decision.kind !== "emergency") return answers.refuse(request, "merged-request");
    this.#begin(arrived, callId);
  }

  /** An emergency call goes on by the way its INVITE came last, whatever became of the others. */
  #isSameCall(arrived: Arrived, first: SetupHere): boolean {
    if (likenessOf(first) !== likenessOf(arrived)) return false;
    return arrived.decision.kind === "emergency" || !isFork(first, arrived, this.#parts.clock.now());
  }

  /**
   * The INVITE is answered for the call that it is of. That one is over, or acknowledged, or its record cannot be had: then it is a call of its own, as if it had come alone.
   */
  #goOn(arrived: Arrived, callId: string, { callId: under, tries = 0 }: CallUnderWay): void {
    const { pending, post, clock, telemetry } = this.#parts;
    const { request, trunk, decision, inForce } = arrived;
    pending.hold(callId);
    const alone = (): void => pending.resume(callId, () => this.#beginAlone(arrived, callId));
    const later = (): void => this.#goOn(arrived, callId, { callId: under, tries: tries - 1 });
    const nextHop = ingressProfile(request, trunk, inForce)?.nextHop ?? null;
    post(under, {
      event: { ...redelivered(request), way: { id: callId, nextHop } },
      otherwise: () => (tries > 0 ? void clock.after(STORED_SOON_MS, later) : alone()),
      unread: alone,
      unsuited: alone,
      // That call may itself have turned out to be another one's, behind which this waited.
      known: (found) => {
        this.#setups.note({ request, trunk, callId: found, atMs: clock.now() });
        pending.handOver(callId, found);
        // Claimed with its first way if it is an emergency call.
        if (decision.kind !== "emergency") keepInvite(arrived, found, this.#parts);
        this.#tellOfSame(arrived, found);
        telemetry.log("info", "the caller's INVITE came by another way", { callId: found });
      },
    });
  }

  #beginAlone(arrived: Arrived, callId: string): void {
    const refused = refusedUnrecorded(arrived);
    if (refused !== null) return this.#parts.answers.refuse(arrived.request, refused);
    if (arrived.decision.kind === "emergency") keepInvite(arrived, callId, this.#parts);
    this.#place(arrived, callId);
  }

  /** An emergency call may be under way at another worker; an ordinary one only where its last way was that worker's, which died. Until that is known its INVITE by another way waits here for what becomes of it. */
  #begin(arrived: Arrived, callId: string): void {
    const { request, trunk, decision } = arrived;
    if (decision.kind !== "emergency" && !request.redelivered) return this.#place(arrived, callId);
    const { pending, clock } = this.#parts;
    pending.hold(callId);
    this.#setups.note({ request, trunk, callId, atMs: clock.now() });
    void claimInvite(arrived, callId, this.#parts).then((claimed) => {
      // One that waits, perhaps for this one, is not waited for: rather two calls than none.
      if (claimed === null || pending.has(claimed.callId)) {
        return pending.resume(callId, () => this.#place(arrived, callId));
      }
      this.#setups.forget(callId);
      this.#goOn(arrived, callId, { callId: claimed.callId, tries: claimed.isYoung ? STORED_SOON_TRIES : 0 });
    });
  }

  #place(arrived: Arrived, callId: string): void {
    const { request, trunk, decision, inForce, callback } = arrived;
    const ingress = ingressProfile(request, trunk, inForce);
    if (ingress === null) {
      this.#setups.forget(callId);
      return this.#parts.answers.refuse(request, "unknown-source");
    }
    const atMs = this.#parts.clock.now();
    this.#setups.note({ request, trunk, callId, atMs });
    const origin = callerOrigin(request, { trunk, ingress, plan: inForce.snapshot.emergency.plan });
    this.#parts.telemetry.callStarted({ pool: request.pool, ingressTrunk: ingress.trunk });
    const event: InviteEvent = {
      kind: "invite",
      transaction: transactionId(request.transaction),
      request: request.message,
      ...arrivalPlace(request),
      ingress,
      attempts: callback?.plans ?? attemptPlans(decision, inForce.snapshot),
      considered: decision.considered,
      emergency: null,
      ...(origin !== null && { origin }),
      ...(callback === null ? ordinaryBounds(decision, trunk) : { callback: { callId: callback.callId } }),
    };
    const [first] = event.attempts;
    if (first !== undefined) this.#parts.live.placed(first.profile.trunk);
    if (callback !== null) this.#parts.telemetry.emergency.callback(ingress.trunk);
    if (decision.kind !== "emergency") return this.#parts.post(callId, { event });
    const decided = { callId, atMs, ingress, decision, attempts: event.attempts, snapshot: inForce.snapshot };
    void this.#beginEmergency(event, caseOf(request, trunk, decided));
  }

  /** The call begins when its preparation is done, which is bounded; whoever is told of it is told afterwards. */
  async #beginEmergency(event: InviteEvent, incident: EmergencyCase): Promise<void> {
    const { pending } = this.#parts;
    const { callId } = incident;
    pending.hold(callId);
    const preparation = await prepareEmergency(incident, this.#parts);
    const ways = preparedWays(incident, preparation, this.#parts.telemetry);
    const desk = await this.#parts.chooseDesk(incident).catch((): DeskChoice => ({}));
    pending.release(callId, { event: { ...event, ...ways, emergency: preparation, ...desk } });
    announceEmergency(incident, preparation, this.#parts);
  }

  /** RFC 3891: the INVITE belongs to the call it names. */
  #replace(request: IncomingRequest, trunk: CompiledTrunk, inForce: InForce): void {
    const { answers, live, post, works } = this.#parts;
    const callId = replacedCall(request.message.get("Replaces") ?? "");
    const profile = ingressProfile(request, trunk, inForce);
    if (callId === null || profile === null) return answers.refuse(request, "replaced-call-gone");
    const { refuseOrdinary } = live.forNew(callId, request.transaction.edge);
    // What is set up here can be picked up here only.
    if (refuseOrdinary !== null && !works(callId)) return answers.refuse(request, refuseOrdinary);
    const transaction = transactionId(request.transaction);
    post(callId, { event: { kind: "replacing-invite", transaction, request: request.message, profile } });
  }
}

/** The call that an INVITE by another way is of. `tries`: how often it is looked for, where it may not be stored yet. */
interface CallUnderWay {
  readonly callId: string;
  readonly tries?: number;
}
