import { faultOf } from "@tandem/domain";
import type { Clock, LeaderLease } from "../ports/index.ts";
import type { ControllerObserver } from "./controller-observer.ts";
import { repeat } from "../timing/repeat.ts";
import { within } from "../timing/within.ts";

/** What is done while leading. Start and stop come in turns, never at the same time. */
export interface Term {
  start(epoch: number): Promise<void>;
  stop(): Promise<void>;
}

/** Whose term it is, and which: what a leader writes bears its epoch, so that an earlier leader's writes are told from it and refused. */
export interface LeaderTerm {
  /** Names the process among controllers; makes ids of its requests unique. */
  readonly nodeId: string;
  readonly epoch: number;
}

export interface LeadershipPorts {
  readonly lease: LeaderLease;
  readonly clock: Clock;
  readonly observer: ControllerObserver;
}

/** Part of the lease's life after which a holder that could not renew stops acting: before anybody else can start. */
const TRUSTED_PART = 0.8;

/** Longest that the end of a term is waited for: three times what a receiver of records may take. What hangs longer is left to itself. */
const END_MS = 30_000;

/**
 * Holds the lease when it can, and runs the term while it is held. A holder that is cut off from the lease ends its term by its own clock before the
 * lease lapses; a holder that was only frozen learns of its loss with the next renewal, and the lease's epoch has moved on. While a term ends, the lease is left to others: whoever holds it
 * and does nothing would be the worst leader.
 */
export class Leadership {
  readonly #ports: LeadershipPorts;
  readonly #holder: string;
  readonly #ttlMs: number;
  readonly #term: Term;
  /** Epoch of the term that shall run; null: none. */
  #wanted: number | null = null;
  #running: number | null = null;
  #switching: Promise<void> = Promise.resolve();
  #cancelTrust: () => void = () => undefined;
  #trustedUntilMs = 0;
  /** How often the lease was given back after a bug. What was asked of it before says nothing any more. */
  #givenUp = 0;
  /** Until it is given back, nothing more is asked of it. */
  #givingUp = false;
  /** A term is being ended. */
  #ending = false;
  #stopRenewing: (() => Promise<void>) | null = null;

  constructor(ports: LeadershipPorts, lease: { readonly holder: string; readonly ttlMs: number }, term: Term) {
    this.#ports = ports;
    this.#holder = lease.holder;
    this.#ttlMs = lease.ttlMs;
    this.#term = term;
  }

  /** True while this process may act as the leader. A process that was frozen knows it by its clock, before its timers tell it. */
  get held(): boolean {
    return this.#wanted !== null && this.#ports.clock.now() < this.#trustedUntilMs;
  }

  start(): void {
    this.#stopRenewing = repeat(this.#ports.clock, this.#ttlMs / 3, () => this.#renew());
  }

  /** Ends the term and gives the lease back, so that a successor need not wait for its lapse. */
  async stop(): Promise<void> {
    await this.#stopRenewing?.();
    this.#lead(null);
    await this.#switching;
    await this.#ports.lease.release(this.#holder);
  }

  async #renew(): Promise<"rest"> {
    if (this.#givingUp || this.#ending) return "rest";
    const { clock, lease } = this.#ports;
    const askedMs = clock.now();
    const givenUp = this.#givenUp;
    const answer = await lease.acquire(this.#holder, this.#ttlMs);
    if (!answer.ok || givenUp !== this.#givenUp) return "rest";
    if (this.#ending) {
      await lease.release(this.#holder);
      return "rest";
    }
    if (!answer.value.held) {
      this.#lead(null);
      return "rest";
    }
    const trustedMs = askedMs + this.#ttlMs * TRUSTED_PART - clock.now();
    this.#cancelTrust();
    if (trustedMs <= 0) {
      this.#lead(null);
      return "rest";
    }
    this.#trustedUntilMs = clock.now() + trustedMs;
    this.#cancelTrust = clock.after(trustedMs, () => {
      this.#lead(null);
    });
    this.#lead(answer.value.epoch);
    return "rest";
  }

  #lead(epoch: number | null): void {
    if (epoch === null) this.#cancelTrust();
    if (this.#wanted === epoch) return;
    this.#wanted = epoch;
    this.#ports.observer.leader(epoch !== null);
    this.#ports.observer.log("info", epoch === null ? "leadership lost" : "leadership gained", { epoch });
    this.#switching = this.#switching.then(() => this.#switch()).catch((bug: unknown) => this.#giveUp(bug));
  }

  async #switch(): Promise<void> {
    const wanted = this.#wanted;
    if (this.#running === wanted) return;
    await this.#end();
    if (wanted === null || this.#wanted !== wanted) return;
    this.#running = wanted;
    await this.#term.start(wanted);
  }

  async #end(): Promise<void> {
    if (this.#running === null) return;
    this.#running = null;
    this.#ending = true;
    try {
      await within(this.#ports.clock, END_MS, this.#term.stop(), () => this.#leaveEnd());
    } finally {
      this.#ending = false;
    }
  }

  /** What of it still writes bears its epoch, and what it delivers its id: a later term may begin beside it. */
  #leaveEnd(): void {
    this.#ports.observer.log("error", "the end of a term hangs, and is left to itself", { waitedMs: END_MS });
  }

  /**
   * A bug where a term is begun or ended. A leader that holds the lease and does nothing would be the worst: what was begun is ended, and only then the lease given
   * back to whoever asks first, which may be a release without the bug, and may be this one again. It lapses if that end takes too long.
   */
  async #giveUp(bug: unknown): Promise<void> {
    this.#tell(bug);
    this.#givingUp = true;
    this.#givenUp += 1;
    this.#lead(null);
    await this.#end().catch((another: unknown) => this.#tell(another));
    await this.#ports.lease.release(this.#holder);
    this.#givingUp = false;
  }

  #tell(bug: unknown): void {
    this.#ports.observer.log("error", "a term could not be begun or ended", { ...faultOf(bug) });
  }
}
