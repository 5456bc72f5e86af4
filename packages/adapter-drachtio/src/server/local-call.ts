import type { ClientEvents } from "@tandem/call-control";
import type { Failure } from "@tandem/domain";
import type { ClientFailure, ReceivedMessage } from "@tandem/sip-endpoint";
import { edgeReason, fromEdgeReason } from "../edge-failures.ts";
import type { Application } from "./application.ts";
import { OutgoingCall, type OutgoingCallHost, type OutgoingCallParts } from "./outgoing-call.ts";

/** A request of the worker in the edge's own process. Its events are held until `release`. */
export class LocalCall extends OutgoingCall {
  readonly session: Application;
  readonly #events: ClientEvents;
  #held: (() => void)[] | null = [];

  constructor(
    host: OutgoingCallHost,
    session: Application,
    { events, ...parts }: OutgoingCallParts & { readonly events: ClientEvents },
  ) {
    super(host, parts);
    this.session = session;
    this.#events = events;
  }

  deliver({ message, source, atMs }: ReceivedMessage): void {
    const { address, port, transport } = source;
    this.#tell(() => this.#events.onResponse(message, { address, port, transport }, atMs));
  }

  fail(failure: ClientFailure): void {
    this.abandon(fromEdgeReason(`${edgeReason(failure)}: ${failure.detail}`));
  }

  /** Tells the worker that it will hear no more of this request. */
  abandon(failure: Failure): void {
    this.#tell(() => this.#events.onFailure(failure));
  }

  /** The worker knows the transaction's id: what came meanwhile is told, in order. */
  release(): void {
    const held = this.#held;
    this.#held = null;
    for (const tell of held ?? []) tell();
  }

  #tell(tell: () => void): void {
    if (this.#held === null) tell();
    else this.#held.push(tell);
  }
}
