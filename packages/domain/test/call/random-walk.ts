import { buildRequest, type HeaderLine, type SipMessage } from "@tandem/sip";
import { blankPreparation, callDeadline, type CallerWay } from "../../src/index.ts";
import { plan } from "./call-rig.ts";
import { Books } from "./walk/books.ts";
import { Choices } from "./walk/choices.ts";
import { answerKey, WalkEdge } from "./walk/edge.ts";
import { walkLeg } from "./walk/leg.ts";
import { CALLER, Peers, type PeerDialog } from "./walk/peers.ts";
import { FIRST_INVITE, WalkWorker, type WalkKind } from "./walk/worker.ts";

const GATE_RESULTS = ["reserved", "reserved", "full", "too-fast", "unavailable"] as const;

const DESK = { relay: "192.0.2.20:22222", uri: "sip:desk@desk.example", trunk: "desk" };

/**
 * Walks through one call by a list of numbers: what the peers, the edge and time do next. The peers (walk/peers.ts), the edge (walk/edge.ts) and the
 * worker (walk/worker.ts) are played, every step is made twice (walk/made-twice.ts), and the books say what was wrong (walk/books.ts).
 */
export class RandomWalk {
  private readonly kind: WalkKind;
  private readonly choices: Choices;
  private readonly books = new Books();
  private readonly edge = new WalkEdge();
  private readonly peers: Peers;
  private readonly worker: WalkWorker;
  /** The last request of every method in every dialog. */
  private readonly last = new Map<string, { readonly cseq: number; readonly transaction: string }>();
  private serial = 0;
  /** The way by which the caller's INVITE came last, where it was not the first. */
  private way: { readonly way?: CallerWay } = {};

  /** With `garbled` only finishing and storing are judged. */
  constructor(numbers: readonly number[], { garbled = false, crashes = false }: Partial<WalkKind> = {}) {
    this.kind = { garbled, crashes };
    this.choices = new Choices(numbers);
    this.peers = new Peers(this.choices);
    const { kind, choices, books, edge, peers } = this;
    this.worker = new WalkWorker({ kind, choices, books, edge, peers });
  }

  /** Walks until the numbers are used up, then lets every peer fall silent until the call is finished. @returns What was wrong. */
  run(): readonly string[] {
    this.begin();
    while (!this.choices.areUsedUp && !this.worker.finished) this.step();
    this.silence();
    if (!this.kind.garbled) this.books.close();
    const judged = this.books.faults.filter((fault) => !this.kind.garbled || fault.startsWith("the stored"));
    return this.worker.finished ? judged : [...judged, "never finished"];
  }

  private begin(): void {
    const limits = this.choices.next(4) === 0 ? { maxCalls: 5 } : {};
    const attempts = ["first", "second", "third"].map((trunk) =>
      plan(trunk, { profile: walkLeg(trunk, this.choices), ...limits }),
    );
    const emergency = this.choices.next(5) === 0 ? blankPreparation : null;
    const request = this.peers.invite(CALLER);
    this.books.open(FIRST_INVITE, "INVITE");
    const ingress = walkLeg("core", this.choices);
    const twoWay = this.choices.next(2) === 0;
    const desk = emergency === null || this.choices.next(2) === 0 ? {} : { desk: { ...DESK, twoWay } };
    const decided = { attempts, considered: [], emergency, ...desk };
    this.worker.apply({ kind: "invite", transaction: FIRST_INVITE, request, ingress, ...decided });
  }

  private step(): void {
    const replay = this.edge.takeReplay();
    if (replay !== null) return this.worker.apply({ kind: "response", ...replay });
    switch (this.choices.next(15)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return this.respond();
      case 4:
      case 5:
      case 6:
        return this.request();
      case 7:
        return this.fireTimer();
      case 8:
        return this.gate();
      case 9:
        return this.routed();
      case 10:
        return this.rare();
      case 11:
        return this.acknowledge();
      case 12:
        return this.prack();
      case 13:
        return this.orphan();
      default:
        return this.lose();
    }
  }

  private rare(): void {
    switch (this.choices.next(18)) {
      case 0:
        return this.cancel();
      case 1:
        return this.ackTimeout();
      case 2:
        return this.passDeadline();
      case 3:
        return this.redeliver();
      case 4:
      case 5:
        return this.replace();
      case 6:
        return this.worker.apply({ kind: "desk-outcome", outcome: this.choices.next(2) > 0 ? "called" : "joined" });
      case 7:
        return this.worker.apply({ kind: "relay-lost", inUse: this.choices.next(3) > 0 });
      case 8:
        return this.worker.apply({ kind: "mixer-found", mixer: this.choices.next(2) > 0 ? "192.0.2.30:22300" : null });
      default:
        return this.choices.next(16) === 0 ? this.worker.apply({ kind: "end", failure: "preempted" }) : undefined;
    }
  }

  private respond(): void {
    const sent = this.choices.pick([...this.edge.sent.values()]);
    if (sent === undefined) return;
    const status = this.peers.newStatus();
    const response = this.peers.answer(sent.request, status, sent.branch);
    this.edge.noteResponse(sent, response);
    if (sent.request.method === "INVITE" && status > 100 && status < 300) {
      if (status >= 200) this.expectAck(response);
      this.peers.noteOwnAnswer(sent.leg, response);
    }
    const { exchange } = sent;
    this.worker.apply({ kind: "response", exchange, response, edge: `e${this.choices.next(2)}` });
  }

  /** A 2xx to an INVITE of the machine: an ACK must follow. */
  private expectAck(response: SipMessage): void {
    const key = answerKey(response);
    if (!this.books.noteAnswer(key)) this.edge.unacknowledged.set(key, response);
  }

  private request(): void {
    const dialog = this.choices.pick(this.peers.dialogs);
    const method = this.peers.newMethod();
    if (dialog === undefined) return;
    const isRepeated = this.last.get(dialogKey(dialog, method))?.cseq === dialog.cseq && this.choices.next(6) === 0;
    if (method !== "ACK" && !isRepeated) dialog.cseq += 1;
    this.deliver(dialog, method, dialog.cseq, this.peers.headersOf(method, dialog));
  }

  /** The caller's ACK for the answer it has, or some other. */
  private acknowledge(): void {
    const waiting = this.choices.pick(this.worker.call.unacked);
    const dialog = this.peers.dialogs.find(({ to }) => waiting !== undefined && to.endsWith(`-${waiting.dialog}`));
    if (waiting !== undefined && dialog !== undefined) this.deliver(dialog, "ACK", waiting.cseq, []);
  }

  private prack(): void {
    const rack = this.peers.lastRack;
    const dialog = this.choices.pick(this.peers.dialogs.filter(({ callId }) => callId === `call-id-${CALLER}`));
    if (rack === null || dialog === undefined) return;
    dialog.cseq += 1;
    this.deliver(dialog, "PRACK", dialog.cseq, [["RAck", rack]]);
  }

  private deliver(dialog: PeerDialog, method: string, cseq: number, headers: readonly HeaderLine[]): void {
    const transaction = this.newTransaction();
    const request = this.peers.request(dialog, { method, cseq, transaction, headers });
    if (method !== "ACK") this.books.open(transaction, method);
    this.excuseEarlier(dialog, method, cseq);
    if (method !== "ACK") this.last.set(dialogKey(dialog, method), { cseq, transaction });
    this.worker.apply({ kind: "request", leg: dialog.leg, transaction, request });
  }

  /** The same CSeq again is a redelivery: the transaction before it died with its worker. */
  private excuseEarlier(dialog: PeerDialog, method: string, cseq: number): void {
    const before = this.last.get(dialogKey(dialog, method));
    if (before?.cseq !== cseq) return;
    this.books.excuse(before.transaction);
    this.edge.cancelRelayed(this.worker.call, before.transaction);
  }

  private replace(): void {
    const dialog = this.choices.pick(this.peers.dialogs);
    if (dialog === undefined) return;
    const transaction = this.newTransaction();
    this.books.open(transaction, "INVITE");
    const request = this.peers.invite(`walk-new${this.serial}`, [this.peers.replaces(dialog)]);
    this.worker.apply({ kind: "replacing-invite", transaction, request, profile: walkLeg("newcomer", this.choices) });
  }

  private cancel(): void {
    const transaction = this.choices.pick(this.books.openInvites());
    if (transaction === undefined) return;
    this.books.excuse(transaction);
    const cancel = buildRequest({ method: "CANCEL", uri: "sip:x", headers: [["Reason", "SIP;cause=487"]] });
    this.worker.apply({ kind: "cancelled", transaction, cancel });
  }

  private redeliver(): void {
    const waiting = this.worker.call.caller?.transaction;
    if (waiting === undefined) return;
    const transaction = this.newTransaction();
    this.books.excuse(waiting);
    this.books.open(transaction, "INVITE");
    // A worker died and the edge holds what it sent, or the INVITE came by another way and what was sent is still out there.
    const workerLost = this.choices.next(2) === 0;
    const current = this.worker.call.hunt?.current?.exchange ?? "";
    if (workerLost) this.edge.hold();
    const alive = !workerLost && this.choices.next(2) === 0 ? [current] : [];
    // Its sender may have lost the way, too, and made another one.
    if (this.choices.next(3) === 0) {
      this.way = { way: { id: `way${this.serial}`, nextHop: "sip:caller.peer.example" } };
    }
    this.worker.apply({ kind: "redelivered", transaction, request: this.peers.invite(CALLER), alive, ...this.way });
  }

  private fireTimer(): void {
    const timer = this.choices.pick([...this.worker.timers]);
    if (timer === undefined) return;
    this.worker.timers.delete(timer);
    this.worker.now += this.choices.next(40) * 1_000;
    this.worker.apply({ kind: "timer", timer });
  }

  private ackTimeout(): void {
    const waiting = this.choices.pick(this.worker.call.unacked);
    if (waiting !== undefined) this.worker.apply({ kind: "ack-timeout", transaction: waiting.transaction });
  }

  private passDeadline(): void {
    const { phase, ways, caller } = this.worker.call;
    this.worker.now = Math.max(this.worker.now, callDeadline(this.worker.call));
    this.worker.apply({ kind: "deadline" });
    // Of several ways none is answered then: the last one may be another call's by now, whose worker answers it. The walk plays no other call: that somebody answers, and that this call does
    // where its attempt is still waited for (a deadline with exchanges alive, which the walk has none of), is not tested here but in another-way.test.ts.
    const isLeft = phase === "setup" && ways.length > 0 && this.worker.call.phase !== "setup";
    if (isLeft && caller !== null) this.books.excuse(caller.transaction);
  }

  private gate(): void {
    const trunk = this.worker.gates.shift();
    if (trunk === undefined) return;
    const result = GATE_RESULTS[this.choices.next(5)] ?? "reserved";
    this.worker.apply({ kind: "gate", trunk, result });
  }

  private routed(): void {
    if (this.worker.routings === 0) return;
    this.worker.routings -= 1;
    const attempts =
      this.choices.next(4) === 0
        ? []
        : ["fourth", "fifth"].map((trunk) => plan(trunk, { profile: walkLeg(trunk, this.choices) }));
    const isEmergency = attempts.length > 0 && this.choices.next(3) === 0;
    this.worker.apply({
      kind: "transfer-routed",
      attempts,
      failure: attempts.length === 0 ? "no-route" : null,
      ...(isEmergency && { emergency: { preparation: blankPreparation, considered: [], callerLeg: "a" } }),
    });
  }

  /** The edge brings a worker an answer of one that died. */
  private orphan(): void {
    const response = this.choices.pick([...this.edge.unacknowledged.values()]);
    if (response !== undefined && this.worker.crashes > 0) this.worker.bringOrphan(response);
  }

  private lose(): void {
    const sent = this.choices.pick([...this.edge.sent.values()]);
    if (sent === undefined || (sent.knownBy === undefined && this.choices.next(6) > 0)) return;
    this.edge.sent.delete(sent.exchange);
    const failure = this.choices.next(2) === 0 ? "peer-timeout" : "edge-lost";
    this.worker.apply({ kind: "no-response", exchange: sent.exchange, failure, edge: "e1" });
  }

  private silence(): void {
    const { worker, edge } = this;
    worker.apply({ kind: "end", failure: "node-lost" });
    for (const { transaction } of worker.call.unacked) worker.apply({ kind: "ack-timeout", transaction });
    for (const response of edge.unacknowledged.values()) worker.bringOrphan(response);
    for (let round = 0; round < 4 && !worker.finished; round += 1) {
      for (const { exchange } of edge.sent.values()) {
        edge.sent.delete(exchange);
        worker.apply({ kind: "no-response", exchange, failure: "peer-timeout" });
      }
      this.passDeadline();
    }
  }

  private newTransaction(): string {
    this.serial += 1;
    return `t${this.serial}`;
  }
}

function dialogKey({ callId, from, to }: PeerDialog, method: string): string {
  return `${callId} ${from} ${to} ${method}`;
}
