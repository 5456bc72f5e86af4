import type { Call, CallPhase, Effect } from "@tandem/domain";
import type { EnginePorts } from "../engine-ports.ts";
import { CallActor } from "./call-actor.ts";
import type { CallShell, Mail, TransferRoute } from "./call-shell.ts";
import type { FinishedCalls } from "./finished-calls.ts";

/** How often what the store could not take is offered to it again. */
const WAKE_MS = 1_000;

export interface DirectoryParts {
  readonly ports: EnginePorts;
  readonly finished: FinishedCalls;
  readonly routeTransfer: (call: Call, effect: Extract<Effect, { kind: "route-transfer" }>) => TransferRoute;
  /** A call begun here changed its phase, or left (null). */
  readonly onPhase: (callId: string, phase: CallPhase | null) => void;
}

/** The calls this process works on just now. An established call without a pending exchange is not among them. */
export class CallDirectory implements CallShell {
  readonly ports: EnginePorts;
  readonly finished: FinishedCalls;
  readonly routeTransfer: CallShell["routeTransfer"];
  readonly #onPhase: DirectoryParts["onPhase"];
  readonly #actors = new Map<string, CallActor>();
  readonly #setups = new Set<string>();
  readonly #sleepless = new Set<string>();
  #cancelWake: (() => void) | null = null;

  constructor(parts: DirectoryParts) {
    this.ports = parts.ports;
    this.finished = parts.finished;
    this.routeTransfer = parts.routeTransfer;
    this.#onPhase = parts.onPhase;
  }

  /** Calls being set up here. */
  get setups(): number {
    return this.#setups.size;
  }

  /** Calls with work pending here. */
  get active(): number {
    return this.#actors.size;
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
    actor.post(mail);
  }

  phaseChanged(callId: string, phase: CallPhase | null): void {
    const before = this.#setups.size;
    if (phase === "setup") this.#setups.add(callId);
    else this.#setups.delete(callId);
    if (this.#setups.size !== before) this.ports.telemetry.setupsActive(this.#setups.size);
    this.#onPhase(callId, phase);
  }

  keepAwake(callId: string): void {
    this.#sleepless.add(callId);
    this.#cancelWake ??= this.ports.clock.after(WAKE_MS, () => this.#wakeAll());
  }

  release(callId: string): void {
    this.#actors.delete(callId);
    this.#sleepless.delete(callId);
    this.phaseChanged(callId, null);
  }

  /** Waits until the writes under way are done. */
  async settled(): Promise<void> {
    await Promise.all([...this.#actors.values()].map((actor) => actor.settled()));
  }

  stop(): void {
    this.#cancelWake?.();
    this.#cancelWake = null;
  }

  #wakeAll(): void {
    this.#cancelWake = null;
    const sleepless = [...this.#sleepless];
    this.#sleepless.clear();
    for (const callId of sleepless) this.#actors.get(callId)?.wake();
  }
}
