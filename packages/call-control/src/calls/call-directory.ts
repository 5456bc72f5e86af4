import type { Call, CallPhase } from "@tandem/domain";
import type { EnginePorts } from "../engine-ports.ts";
import { CallActor } from "./call-actor.ts";
import type { CallsDesks, CallShell, Mail } from "./call-shell.ts";
import type { FinishedCalls } from "./finished-calls.ts";
import type { RelayedMedia } from "./relayed-media.ts";
import { Rota } from "./rota.ts";
import { WithdrawnRecords } from "./withdrawn-records.ts";

/** How often what the store could not take is offered to it again. */
const WAKE_MS = 1_000;
/** Longest that a lazy write waits: what follows quickly (100, 180, 200) is one write. */
const FLUSH_MS = 40;
/** Longest that an actor stays for an ACK. */
const LINGER_MS = 1_000;

export interface DirectoryParts {
  readonly ports: EnginePorts;
  readonly finished: FinishedCalls;
  readonly routeTransfer: CallShell["routeTransfer"];
  readonly relayed: RelayedMedia;
  readonly desks: CallsDesks;
  /** A call begun here changed its phase, or left (null). */
  readonly onPhase: (callId: string, phase: CallPhase | null) => void;
  /** A call is over. */
  readonly onOver: (call: Call) => void;
}

/** The calls this process works on just now. An established call without a pending exchange is not among them. */
export class CallDirectory implements CallShell {
  readonly ports: EnginePorts;
  readonly finished: FinishedCalls;
  readonly withdrawn: WithdrawnRecords;
  readonly routeTransfer: CallShell["routeTransfer"];
  readonly relayed: RelayedMedia;
  readonly desks: CallsDesks;
  readonly #onPhase: DirectoryParts["onPhase"];
  readonly #onOver: DirectoryParts["onOver"];
  readonly #actors = new Map<string, CallActor>();
  readonly #setups = new Set<string>();
  readonly #sleepless: Rota;
  readonly #unflushed: Rota;
  readonly #lingering: Rota;

  constructor(parts: DirectoryParts) {
    this.ports = parts.ports;
    this.finished = parts.finished;
    this.withdrawn = new WithdrawnRecords(parts.ports);
    this.routeTransfer = parts.routeTransfer;
    this.relayed = parts.relayed;
    this.desks = parts.desks;
    this.#onPhase = parts.onPhase;
    this.#onOver = parts.onOver;
    const { clock } = parts.ports;
    this.#sleepless = new Rota(clock, WAKE_MS, (callId) => this.#actors.get(callId)?.wake());
    this.#unflushed = new Rota(clock, FLUSH_MS, (callId) => this.#actors.get(callId)?.flush());
    this.#lingering = new Rota(clock, LINGER_MS, (callId) => this.#actors.get(callId)?.leave());
  }

  /** Calls being set up here. */
  get setups(): number {
    return this.#setups.size;
  }

  get setupIds(): readonly string[] {
    return [...this.#setups];
  }

  /** Calls with work pending here; those that merely stay for an ACK are not counted. */
  get active(): number {
    return this.#actors.size - this.#lingering.size;
  }

  works(callId: string): boolean {
    return this.#actors.has(callId);
  }

  post(callId: string, mail: Mail): void {
    let actor = this.#actors.get(callId);
    if (actor === undefined) {
      actor = new CallActor(callId, this);
      this.#actors.set(callId, actor);
    }
    this.#lingering.delete(callId);
    // Counted before its first step, which waits for the store: of INVITEs that come in one burst each counts for the next.
    if (mail.event.kind === "invite") this.#countSetup(callId, true);
    actor.post(mail);
  }

  phaseChanged(callId: string, phase: CallPhase | null): void {
    this.#countSetup(callId, phase === "setup");
    this.#onPhase(callId, phase);
  }

  #countSetup(callId: string, isSetup: boolean): void {
    const before = this.#setups.size;
    if (isSetup) this.#setups.add(callId);
    else this.#setups.delete(callId);
    if (this.#setups.size !== before) this.ports.telemetry.setupsActive(this.#setups.size);
  }

  callOver(call: Call): void {
    this.#onOver(call);
  }

  flushSoon(callId: string): void {
    this.#unflushed.add(callId);
  }

  keepAwake(callId: string): void {
    this.#sleepless.add(callId);
  }

  linger(callId: string): void {
    this.#lingering.add(callId);
  }

  release(callId: string): void {
    this.#actors.delete(callId);
    for (const rota of [this.#sleepless, this.#unflushed, this.#lingering]) rota.delete(callId);
    this.phaseChanged(callId, null);
  }

  /** Stores what is left to store and waits until the writes are done. */
  async settled(): Promise<void> {
    await Promise.all([...this.#actors.values()].map((actor) => actor.settled()));
  }

  stop(): void {
    for (const rota of [this.#sleepless, this.#unflushed, this.#lingering]) rota.stop();
    this.withdrawn.stop();
  }
}
