import type { Call, CallEvent, CallPhase, Effect } from "@tandem/domain";
import type { EnginePorts } from "../engine-ports.ts";
import type { StoredCall } from "../ports/index.ts";
import type { FinishedCalls } from "./finished-calls.ts";
import type { RelayedMedia } from "./relayed-media.ts";
import type { WithdrawnRecords } from "./withdrawn-records.ts";

/** One event on its way to a call. */
export interface Mail {
  readonly event: CallEvent;
  /** The record, when it was read together with others. */
  readonly stored?: StoredCall;
  /** The store has no such call, or the call knows nothing of the answer: instead of refusing the request, do this. */
  readonly otherwise?: () => void;
  /** Of an INVITE by another way: it comes too late for the call, or goes wrong with it. Instead of refusing it, do this. */
  readonly unsuited?: () => void;
  /** There is a record, of the call of this id: besides handing it the event, do this. */
  readonly known?: (callId: string) => void;
  /** Of an emergency call: the store is away, so nobody knows whether there is a record. Instead of waiting for it, do this. */
  readonly unread?: () => void;
}

/** Security desks, as a call needs them. */
export interface CallsDesks {
  /** Finds a mixer for a desk that is to be heard; answered by a `mixer-found` event. */
  findMixer(call: Call): void;
  /** Calls the desk. */
  call(call: Call): void;
  /** Looks after its mixer. */
  watch(call: Call): void;
}

/** What a call's actor needs of the engine around it. */
export interface CallShell {
  readonly ports: EnginePorts;
  readonly finished: FinishedCalls;
  readonly withdrawn: WithdrawnRecords;
  /** For emergency calls that a security desk is to hear. */
  readonly relayed: RelayedMedia;
  readonly desks: CallsDesks;
  /** Hands an event to a call, whether or not it has an actor here. */
  post(callId: string, mail: Mail): void;
  /** The actor's call changed its phase; null when it is not known here any more. */
  phaseChanged(callId: string, phase: CallPhase | null): void;
  /** The actor holds what may be stored when convenient: `flush` it soon. */
  flushSoon(callId: string): void;
  /** The store is away: `wake` the actor again in a while. */
  keepAwake(callId: string): void;
  /** The actor only waits for an ACK that most likely comes here: `leave` it a little time. */
  linger(callId: string): void;
  /** The actor's call is over. */
  callOver(call: Call): void;
  /** The actor has nothing to wait for. */
  release(callId: string): void;
  /** Routes for the target of a transfer. */
  routeTransfer(call: Call, effect: Extract<Effect, { kind: "route-transfer" }>): Promise<TransferRoute>;
}

/** What the machine is told of a transfer's target. */
type TransferAnswer = Omit<Extract<CallEvent, { kind: "transfer-routed" }>, "kind">;

export interface TransferRoute extends TransferAnswer {
  /** Done once the machine has been told: people learn of an emergency call. */
  readonly afterwards?: () => void;
  /** Done instead when the call is gone meanwhile: what was taken for it is given back. */
  readonly unused?: () => void;
}
