import type { SipMessage } from "@tandem/sip";
import {
  detailRecords,
  knowsAnswer,
  newCall,
  parseCall,
  serialiseCall,
  type Call,
  type CallEvent,
  type Effect,
} from "../../../src/index.ts";
import { CALL_ID, START_MS } from "../call-rig.ts";
import type { Books } from "./books.ts";
import type { Choices } from "./choices.ts";
import { answerKey, type Sent, type WalkEdge } from "./edge.ts";
import { garbleEvent } from "./garble.ts";
import { makeTwice } from "./made-twice.ts";
import type { Peers } from "./peers.ts";

/** Transaction of the INVITE a walk begins with. */
export const FIRST_INVITE = "t-invite";

/** What a walk may do beyond what is in order. */
export interface WalkKind {
  /** Peers send messages with missing, doubled and senseless header lines. */
  readonly garbled: boolean;
  /** Workers die between any two effects. */
  readonly crashes: boolean;
}

interface Surroundings {
  readonly choices: Choices;
  readonly edge: WalkEdge;
  readonly peers: Peers;
  readonly books: Books;
  readonly kind: WalkKind;
}

/** The shell of one call: gives the machine its events, carries out the effects in order, and may die between them. */
export class WalkWorker {
  call: Call = newCall(CALL_ID, START_MS);
  now: number = START_MS;
  finished = false;
  /** How many workers have died. */
  crashes = 0;
  readonly timers = new Set<string>();
  /** Trunks whose limits were asked and have not answered. */
  readonly gates: string[] = [];
  /** Transfers whose routes were asked for and are not there. */
  routings = 0;
  /** What a worker that dies leaves in the store. */
  private stored: Call = this.call;
  private readonly around: Surroundings;

  constructor(around: Surroundings) {
    this.around = around;
  }

  apply(original: CallEvent): void {
    const { edge, books, kind, choices } = this.around;
    const told = kind.crashes && (original.kind === "request" || original.kind === "deadline");
    const whole: CallEvent = told ? { ...original, alive: [...edge.sent.keys()] } : original;
    const event = kind.garbled ? garbleEvent(whole, choices) : whole;
    const { step, faults } = makeTwice(this.call, event, this.now);
    books.faults.push(...faults);
    if (step === null) return;
    if (this.finished && step.effects.length > 0) books.faults.push(`effects after finish: ${event.kind}`);
    detailRecords(step.call, this.now);
    if (event.kind === "deadline") edge.forgetGivenUp(this.call, step.call);
    this.call = step.call;
    edge.noteOffer(event);
    this.performAll(step.effects);
  }

  /** An answer that its worker did not acknowledge. What the call knows nothing of, the shell acknowledges and ends. */
  bringOrphan(response: SipMessage): void {
    if (knowsAnswer(this.call, response)) return this.apply({ kind: "orphan-answer", response });
    this.noteAck(answerKey(response));
  }

  /** Does the effects in order; in a walk with crashes the worker may die before any of them, and after the last. */
  private performAll(effects: readonly Effect[]): void {
    const { choices, kind } = this.around;
    const mayDie = kind.crashes && !this.finished && !choices.areUsedUp;
    const diesAfter = mayDie && choices.next(12) === 0 ? choices.next(effects.length + 1) : Infinity;
    for (const [index, effect] of effects.entries()) {
      if (index >= diesAfter) return this.crash();
      if (effect.kind === "save") this.stored = this.call;
      // What is stored when convenient may be in the store already, or never come there.
      else if (effect.kind === "save-lazily" && (!kind.crashes || choices.next(2) === 0)) this.stored = this.call;
      else this.perform(effect);
    }
    if (diesAfter === effects.length && !this.finished) this.crash();
  }

  private perform(effect: Effect): void {
    switch (effect.kind) {
      case "send":
        return this.send(effect);
      case "respond":
        return this.respond(effect);
      case "start-timer":
        return void this.timers.add(effect.timer);
      case "stop-timer":
        return void this.timers.delete(effect.timer);
      case "reserve":
        return void this.gates.push(effect.trunk);
      case "route-transfer":
        this.routings += 1;
        return undefined;
      case "finish":
        if (this.finished) this.around.books.faults.push("finished twice");
        this.finished = true;
        return undefined;
      default:
        return undefined;
    }
  }

  private send(effect: Sent): void {
    const { books, edge } = this.around;
    const { request, exchange, branch } = effect;
    books.checkLeak(request);
    // One made for an orphaned answer lacks what the caller's would have brought, so its text is not held against another's.
    if (request.method === "ACK") return this.noteAck(answerKey(request));
    const again = books.noteText(request);
    if (again && (branch !== undefined || request.method === "BYE")) return edge.sendAgain(effect);
    edge.sent.set(exchange, effect);
    books.checkCseq(request);
  }

  private noteAck(key: string): void {
    this.around.books.noteAck(key);
    this.around.edge.unacknowledged.delete(key);
  }

  private respond(effect: Extract<Effect, { kind: "respond" }>): void {
    const { books, peers } = this.around;
    const leaves = books.noteResponse(effect, this.crashes > 0);
    if (leaves && books.isInvite(effect.transaction)) peers.noteResponse(effect);
  }

  /**
   * The worker dies after some effects of a step. What it stored is the call; timers, questions to gates and routes are gone, what it sent is held by the edge
   * or lost, and the edge offers again what was not answered.
   */
  private crash(): void {
    const { books, edge } = this.around;
    this.crashes += 1;
    const read = parseCall(serialiseCall(this.stored));
    if (!read.ok) return void books.faults.push("the stored record cannot be read");
    this.call = read.value;
    this.timers.clear();
    this.gates.length = 0;
    this.routings = 0;
    edge.loseWorker();
    for (const [transaction, event] of Array.from(edge.offers)) {
      if (books.isOpen(transaction)) this.offerAgain(event);
    }
  }

  /** An INVITE whose call was never stored is a new one, by whichever way it comes. */
  private offerAgain(event: CallEvent): void {
    const isNew = this.call.phase === "new";
    if (event.kind === "invite" && !isNew) {
      const { transaction, request } = event;
      return this.apply({ kind: "redelivered", transaction, request });
    }
    if (event.kind === "redelivered" && isNew) {
      const { transaction, request } = event;
      return this.apply({ ...this.firstInvite(), transaction, request });
    }
    if (event.kind === "invite" || !isNew) this.apply(event);
  }

  private firstInvite(): Extract<CallEvent, { kind: "invite" }> {
    const invite = this.around.edge.offers.get(FIRST_INVITE);
    if (invite?.kind !== "invite") throw new Error("the walk begins with an INVITE");
    return invite;
  }
}
