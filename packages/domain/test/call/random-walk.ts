import { buildRequest, buildResponse, formatMessage, readTag, type HeaderLine, type SipMessage } from "@tandem/sip";
import {
  blankPreparation,
  callDeadline,
  detailRecords,
  knowsAnswer,
  newCall,
  parseCall,
  serialiseCall,
  transition,
  type Call,
  type CallEvent,
  type Effect,
  type LegProfile,
} from "../../src/index.ts";
import { CALL_ID, plan, profile, START_MS } from "./call-rig.ts";

type Sent = Extract<Effect, { kind: "send" }>;

/** A peer's dialog with us, as the peer sees it. */
interface PeerDialog {
  readonly callId: string;
  /** From and To of the peer's requests. */
  readonly from: string;
  readonly to: string;
  readonly leg: "a" | "b";
  cseq: number;
}

/** Weighted so that calls live long enough to meet everything. */
const METHODS =
  "INVITE INVITE INVITE INVITE INVITE UPDATE UPDATE UPDATE PRACK PRACK INFO INFO REFER REFER REFER NOTIFY OPTIONS ODD ACK BYE".split(
    " ",
  );
const GOOD = [100, 180, 183, 183, 183, 200, 200, 200, 200, 200];
const BAD = [199, 202, 302, 401, 404, 408, 422, 481, 482, 486, 487, 491, 500, 503, 603];
const REFER_MODES = ["pass", "act", "refuse"] as const;
const RELIABLE_MODES = ["pass", "require", "off"] as const;

const NONSENSE: readonly string[] = [
  "",
  ";",
  "<",
  ">",
  '"',
  "<sip:",
  "sip:@",
  "<sip:a@b",
  ';tag=";',
  "x;tag=",
  "-1 INVITE",
  "4294967296 BYE",
  "1 2 3",
  "Q.850;cause=999",
  "refer;id=",
  "timer, 100rel,,,",
  "application/sdp; boundary",
  "multipart/mixed;boundary=",
  "\u00ff\u0000\u0001",
  "SIP/2.0/UDP ;;;",
  "<tel:+1>;x",
  "urn:service:sos",
  "99999999999999999999",
  "<sip:[::1]:99999>",
  "%%%",
  "a=b=c;;,,",
];

const DESK = { relay: "192.0.2.20:22222", uri: "sip:desk@desk.example", trunk: "desk" };

/**
 * Plays the peers, the edge and the shell of one call by a list of numbers, and keeps the books that the invariants are checked against. The record
 * is frozen before and copied through JSON after every step, and every step is made twice.
 */
export class RandomWalk {
  call: Call = newCall(CALL_ID, START_MS);
  now: number = START_MS;
  finished = false;
  readonly faults: string[] = [];
  /** Final responses per server transaction of a peer. */
  readonly finals = new Map<string, number[]>();
  /** Transactions the edge answered itself, or that another delivery took over. */
  readonly excused = new Set<string>();
  private readonly numbers: readonly number[];
  private at = 0;
  private serial = 0;
  private readonly sent = new Map<string, Sent>();
  private readonly timers = new Set<string>();
  private readonly gates: string[] = [];
  private routings = 0;
  private readonly dialogs: PeerDialog[] = [];
  private readonly invites = new Set<string>();
  private readonly answered = new Set<string>();
  private readonly acked = new Set<string>();
  private readonly cseqs = new Map<string, number>();
  private readonly racks: string[] = [];
  /** What a worker that dies leaves in the store. */
  private stored: Call = this.call;
  /** Bytes of what was sent, by what must be the same when it is sent again. */
  private readonly texts = new Map<string, string>();
  /** INVITEs that the edge holds for whoever sends them again, by branch, with the last response it has for them. */
  private readonly held = new Map<string, { readonly sent: Sent; last: SipMessage | null }>();
  /** Responses that wait for the next event: told again to whoever took a held INVITE over. */
  private readonly replays: { readonly exchange: string; readonly response: SipMessage }[] = [];
  /** 2xx that the edge got and that nobody acknowledged, with their key. */
  private readonly unacknowledged = new Map<string, SipMessage>();
  /** Requests of peers as the edge would offer them again. */
  private readonly offers = new Map<string, CallEvent>();
  private readonly lastResponses = new Map<string, SipMessage>();

  private readonly garbled: boolean;
  private readonly mayCrash: boolean;
  crashes = 0;

  /**
   * With `garbled` peers send messages with missing, doubled and senseless header lines; then only finishing and storing are judged. With `crashes`
   * workers die between any two effects.
   */
  constructor(numbers: readonly number[], { garbled = false, crashes = false } = {}) {
    this.numbers = numbers;
    this.garbled = garbled;
    this.mayCrash = crashes;
  }

  /** Walks until the numbers are used up, then lets every peer fall silent until the call is finished. */
  run(): void {
    this.begin();
    while (this.at < this.numbers.length && !this.finished) this.step();
    this.silence();
    if (this.garbled) this.faults.splice(0, Infinity, ...this.faults.filter((fault) => fault.startsWith("the stored")));
    if (!this.finished) this.faults.push("never finished");
    if (!this.garbled) this.judge();
  }

  private next(below: number): number {
    const value = this.numbers[this.at] ?? 0;
    this.at += 1;
    return value % below;
  }

  private pick<T>(values: readonly T[]): T | undefined {
    return values.length === 0 ? undefined : values[this.next(values.length)];
  }

  private leg(trunk: string): LegProfile {
    return profile(trunk, {
      contactHost: `ours-${trunk}.example:5060`,
      refer: REFER_MODES[this.next(3)] ?? "pass",
      reliableProvisional: RELIABLE_MODES[this.next(3)] ?? "pass",
      forwardPai: this.next(2) === 0,
      forwardHistory: true,
      sessionTimer: { offer: this.next(2) === 0, expiresS: 600, minSeS: 90, refresher: "either" },
      maxEarlyDialogs: 2,
    });
  }

  private begin(): void {
    const limits = this.next(4) === 0 ? { maxCalls: 5 } : {};
    const attempts = ["first", "second", "third"].map((trunk) => plan(trunk, { profile: this.leg(trunk), ...limits }));
    const emergency = this.next(5) === 0 ? blankPreparation : null;
    const request = this.peerInvite("walk-caller", []);
    this.invites.add("t-invite");
    this.finals.set("t-invite", []);
    const ingress = this.leg("core");
    const desk = emergency === null || this.next(2) === 0 ? {} : { desk: DESK };
    const decided = { attempts, considered: [], emergency, ...desk };
    this.apply({ kind: "invite", transaction: "t-invite", request, ingress, ...decided });
  }

  private peerInvite(party: string, headers: readonly HeaderLine[]): SipMessage {
    const options: readonly HeaderLine[][] = [[], [["Supported", "100rel, timer"]], [["Require", "100rel"]]];
    const body = this.next(4) === 0 ? "" : this.description(party);
    return buildRequest({
      method: "INVITE",
      uri: "sip:+12065550199@ours-core.example",
      headers: [
        ["Via", `SIP/2.0/UDP secret-${party}.example;branch=z9hG4bK1`],
        ["From", `<sip:+12065550100@secret-${party}.example>;tag=tag-${party}`],
        ["To", "<sip:+12065550199@ours-core.example>"],
        ["Call-ID", `call-id-${party}`],
        ["CSeq", "10 INVITE"],
        ["Contact", `<sip:x@secret-${party}.example>`],
        ["Record-Route", `<sip:proxy.secret-${party}.example;lr>`],
        ["P-Asserted-Identity", `<sip:+12065550100@secret-${party}.example>`],
        ["History-Info", `<sip:+12065550100@secret-${party}.example>;index=1`],
        ["User-Agent", `secret-${party}.example/1`],
        ...(options[this.next(3)] ?? []),
        ...headers,
        ...(body === "" ? [] : [["Content-Type", "application/sdp"] as const]),
      ],
      body,
    });
  }

  private description(party: string): string {
    const port = 4_000 + this.next(3) * 2;
    return `v=0\r\no=secret-${party}.example 1 1 IN IP4 secret-${party}.example\r\ns=secret-${party}.example\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`;
  }

  private step(): void {
    const replay = this.replays.shift();
    if (replay !== undefined) return this.apply({ kind: "response", ...replay });
    switch (this.next(15)) {
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

  /** The edge brings a worker an answer of one that died. */
  private orphan(): void {
    const response = this.pick([...this.unacknowledged.values()]);
    if (response !== undefined && this.crashes > 0) this.bringOrphan(response);
  }

  /** What the call knows nothing of, the shell acknowledges and ends. */
  private bringOrphan(response: SipMessage): void {
    if (knowsAnswer(this.call, response)) return this.apply({ kind: "orphan-answer", response });
    const key = answerKey(response);
    this.acked.add(key);
    this.unacknowledged.delete(key);
  }

  private respond(): void {
    const sent = this.pick([...this.sent.values()]);
    if (sent === undefined) return;
    this.answer(sent, this.pick(this.next(4) > 0 ? GOOD : BAD) ?? 200);
  }

  private answer(sent: Sent, status: number): void {
    const { request } = sent;
    const party = this.partyOf(request);
    const fork = this.next(3);
    const to = request.get("To") ?? "";
    const tagged = readTag(to) === undefined ? `${to};tag=tag-${party}-${fork}` : to;
    const reliable = this.next(3) === 0 && status > 100 && status < 200 && request.method === "INVITE";
    const body = this.next(2) === 0 && (status === 183 || status === 200) ? this.description(party) : "";
    const response = buildResponse({
      status,
      method: request.method,
      headers: [
        ["Via", "SIP/2.0/UDP ours.example;branch=z9hG4bK2"],
        ["From", request.get("From") ?? ""],
        ["To", tagged],
        ["Call-ID", request.get("Call-ID") ?? ""],
        ["CSeq", request.get("CSeq") ?? ""],
        ["Contact", `<sip:y@secret-${party}.example>`],
        ["Record-Route", `<sip:proxy.secret-${party}.example;lr>`],
        ["Server", `secret-${party}.example/2`],
        ["Warning", `399 secret-${party}.example "x"`],
        ["P-Asserted-Identity", `<sip:z@secret-${party}.example>`],
        ["Allow", this.next(2) === 0 ? "INVITE, UPDATE" : "INVITE"],
        ...(status === 422 ? [["Min-SE", "1800"] as const] : []),
        ...(reliable
          ? ([
              ["Require", "100rel"],
              ["RSeq", String(1 + this.next(3))],
            ] as const)
          : []),
        ...(body === "" ? [] : [["Content-Type", "application/sdp"] as const]),
      ],
      body,
    });
    if (status >= 200) {
      if (request.method !== "INVITE" || status >= 300) this.sent.delete(sent.exchange);
      if (request.method === "INVITE" && status < 300) this.noteAnswer(sent, response);
    }
    if (request.method === "INVITE" && status > 100 && status < 300) this.noteDialog(sent, response);
    if (request.method === "INVITE" && status > 100) this.lastResponses.set(sent.exchange, response);
    this.apply({ kind: "response", exchange: sent.exchange, response, edge: `e${this.next(2)}` });
  }

  /** A 2xx to an INVITE of the machine: an ACK must follow. */
  private noteAnswer({ exchange }: Sent, response: SipMessage): void {
    this.sent.delete(exchange);
    const key = answerKey(response);
    this.answered.add(key);
    if (!this.acked.has(key)) this.unacknowledged.set(key, response);
  }

  private noteDialog(sent: Sent, response: SipMessage): void {
    const from = response.get("To") ?? "";
    const callId = response.get("Call-ID") ?? "";
    if (this.dialogs.some((dialog) => dialog.callId === callId && dialog.from === from)) return;
    this.dialogs.push({ callId, from, to: response.get("From") ?? "", leg: sent.leg, cseq: 0 });
  }

  private request(): void {
    const dialog = this.pick(this.dialogs);
    const method = METHODS[this.next(METHODS.length)] ?? "INFO";
    if (dialog === undefined) return;
    const repeated = this.last.get(dialogKey(dialog, method))?.cseq === dialog.cseq && this.next(6) === 0;
    if (method !== "ACK" && !repeated) dialog.cseq += 1;
    this.deliver(dialog, method, dialog.cseq, this.extras(method, dialog));
  }

  private extras(method: string, dialog: PeerDialog): readonly HeaderLine[] {
    const party = dialog.callId.replace(/^call-id-/, "");
    switch (method) {
      case "REFER":
        return [
          ["Refer-To", `<sip:+12065550177@secret-${party}.example>`],
          ["Referred-By", `<sip:r@secret-${party}.example>`],
        ];
      case "UPDATE":
        return this.next(2) === 0
          ? [
              ["Supported", "timer"],
              ["Session-Expires", "600"],
            ]
          : [];
      case "NOTIFY":
        return [["Event", "refer;id=3"]];
      case "PRACK":
        return [["RAck", this.pick(this.racks) ?? "1 1 INVITE"]];
      default:
        return [];
    }
  }

  private deliver(dialog: PeerDialog, method: string, cseq: number, extra: readonly HeaderLine[]): void {
    this.serial += 1;
    const transaction = `t${this.serial}`;
    const party = dialog.callId.replace(/^call-id-/, "");
    const withBody = ["INVITE", "UPDATE", "PRACK", "ACK"].includes(method) && this.next(2) === 0;
    const body = withBody ? this.description(party) : "";
    const request = buildRequest({
      method,
      uri: "sip:ours.example",
      headers: [
        ["Via", `SIP/2.0/UDP secret-${party}.example;branch=z9hG4bK${transaction}`],
        ["From", dialog.from],
        ["To", dialog.to],
        ["Call-ID", dialog.callId],
        ["CSeq", `${cseq} ${method}`],
        ["Contact", `<sip:m@secret-${party}.example>`],
        ["User-Agent", `secret-${party}.example/1`],
        ...extra,
        ...(withBody ? [["Content-Type", "application/sdp"] as const] : []),
      ],
      body,
    });
    if (method !== "ACK") this.finals.set(transaction, []);
    if (method === "INVITE") this.invites.add(transaction);
    this.excuseEarlier(dialog, cseq, method);
    if (method !== "ACK") this.last.set(dialogKey(dialog, method), { cseq, transaction });
    this.apply({ kind: "request", leg: dialog.leg, transaction, request });
  }

  private readonly last = new Map<string, { readonly cseq: number; readonly transaction: string }>();

  /** The same CSeq again is a redelivery: the transaction before it died with its worker. */
  private excuseEarlier(dialog: PeerDialog, cseq: number, method: string): void {
    const before = this.last.get(dialogKey(dialog, method));
    if (before?.cseq !== cseq) return;
    this.excused.add(before.transaction);
    // The edge has cancelled what the dead worker had sent on for it.
    const sent = this.call.exchanges.find(
      ({ purpose }) => purpose.kind === "relay" && purpose.origin.transaction === before.transaction,
    );
    if (sent !== undefined) this.sent.delete(sent.id);
  }

  /** The caller's ACK for the answer it has, or some other. */
  private acknowledge(): void {
    const waiting = this.pick(this.call.unacked);
    const dialog = this.dialogs.find(({ to }) => waiting !== undefined && to.endsWith(`-${waiting.dialog}`));
    if (waiting !== undefined && dialog !== undefined) this.deliver(dialog, "ACK", waiting.cseq, []);
  }

  private prack(): void {
    const rack = this.racks.at(-1);
    const dialog = this.pick(this.dialogs.filter(({ callId }) => callId === "call-id-walk-caller"));
    if (rack === undefined || dialog === undefined) return;
    dialog.cseq += 1;
    this.deliver(dialog, "PRACK", dialog.cseq, [["RAck", rack]]);
  }

  private fireTimer(): void {
    const timer = this.pick([...this.timers]);
    if (timer === undefined) return;
    this.timers.delete(timer);
    this.now += this.next(40) * 1_000;
    this.apply({ kind: "timer", timer });
  }

  private gate(): void {
    const trunk = this.gates.shift();
    const results = ["reserved", "reserved", "full", "too-fast", "unavailable"] as const;
    if (trunk !== undefined) this.apply({ kind: "gate", trunk, result: results[this.next(5)] ?? "reserved" });
  }

  private routed(): void {
    if (this.routings === 0) return;
    this.routings -= 1;
    const attempts =
      this.next(4) === 0 ? [] : ["fourth", "fifth"].map((trunk) => plan(trunk, { profile: this.leg(trunk) }));
    const isEmergency = attempts.length > 0 && this.next(3) === 0;
    this.apply({
      kind: "transfer-routed",
      attempts,
      failure: attempts.length === 0 ? "no-route" : null,
      ...(isEmergency && { emergency: { preparation: blankPreparation, considered: [], callerLeg: "a" } }),
    });
  }

  private rare(): void {
    switch (this.next(18)) {
      case 0:
        return this.cancel();
      case 1:
        return this.ackTimeout();
      case 2:
        this.now = Math.max(this.now, callDeadline(this.call));
        return this.apply({ kind: "deadline" });
      case 3:
        return this.redeliver();
      case 4:
      case 5:
        return this.replace();
      case 6:
        return this.apply({ kind: "desk-outcome", outcome: this.next(2) > 0 ? "called" : "joined" });
      case 7:
        return this.apply({ kind: "relay-lost", inUse: this.next(3) > 0 });
      default:
        return this.next(16) === 0 ? this.apply({ kind: "end", failure: "preempted" }) : undefined;
    }
  }

  private cancel(): void {
    const open = [...this.invites].filter((transaction) => !this.excused.has(transaction));
    const transaction = this.pick(open.filter((each) => this.finals.get(each)?.length === 0));
    if (transaction === undefined) return;
    this.excused.add(transaction);
    const cancel = buildRequest({ method: "CANCEL", uri: "sip:x", headers: [["Reason", "SIP;cause=487"]] });
    this.apply({ kind: "cancelled", transaction, cancel });
  }

  private ackTimeout(): void {
    const waiting = this.pick(this.call.unacked);
    if (waiting !== undefined) this.apply({ kind: "ack-timeout", transaction: waiting.transaction });
  }

  private redeliver(): void {
    const waiting = this.call.caller?.transaction;
    if (waiting === undefined) return;
    this.serial += 1;
    const transaction = `t${this.serial}`;
    this.excused.add(waiting);
    this.invites.add(transaction);
    this.finals.set(transaction, []);
    // A worker died and the edge holds what it sent, or the INVITE came by another way and what was sent is still out there.
    const workerLost = this.next(2) === 0;
    const current = this.call.hunt?.current?.exchange ?? "";
    if (workerLost) this.hold();
    const alive = !workerLost && this.next(2) === 0 ? [current] : [];
    this.apply({ kind: "redelivered", transaction, request: this.peerInvite("walk-caller", []), alive });
  }

  /** What the worker had sent to the called side: the edge holds it, with what came for it. */
  private hold(): void {
    for (const sent of this.sent.values()) {
      if (sent.branch === undefined || sent.request.method !== "INVITE") continue;
      this.held.set(sent.branch, { sent, last: this.lastResponses.get(sent.exchange) ?? null });
    }
    for (const { sent } of this.held.values()) this.sent.delete(sent.exchange);
  }

  /**
   * The worker dies after some effects of a step. What it stored is the call; timers, questions to gates and routes are gone, what it sent is held by the edge
   * or lost, and the edge offers again what was not answered.
   */
  private crash(): void {
    this.crashes += 1;
    const read = parseCall(serialiseCall(this.stored));
    if (!read.ok) return void this.faults.push("the stored record cannot be read");
    this.call = read.value;
    this.timers.clear();
    this.gates.length = 0;
    this.routings = 0;
    this.replays.length = 0;
    this.hold();
    this.sent.clear();
    for (const [transaction, event] of Array.from(this.offers)) {
      if (this.finals.get(transaction)?.length !== 0 || this.excused.has(transaction)) continue;
      this.offerAgain(event);
    }
  }

  /** An INVITE whose call was never stored is a new one, by whichever way it comes. */
  private offerAgain(event: CallEvent): void {
    const isNew = this.call.phase === "new";
    if (event.kind === "invite" && !isNew) return this.apply(offeredAgain(event));
    if (event.kind === "redelivered" && isNew) {
      const { transaction, request } = event;
      return this.apply({ ...this.first(), transaction, request });
    }
    if (event.kind === "invite" || !isNew) this.apply(event);
  }

  private first(): Extract<CallEvent, { kind: "invite" }> {
    const invite = this.offers.get("t-invite");
    if (invite?.kind !== "invite") throw new Error("the walk begins with an INVITE");
    return invite;
  }

  private replace(): void {
    const dialog = this.pick(this.dialogs);
    if (dialog === undefined) return;
    this.serial += 1;
    const transaction = `t${this.serial}`;
    const replaces = `${dialog.callId};to-tag=${readTag(dialog.to)};from-tag=${readTag(dialog.from)}`;
    this.finals.set(transaction, []);
    this.invites.add(transaction);
    const request = this.peerInvite(`walk-new${this.serial}`, [["Replaces", replaces]]);
    this.apply({ kind: "replacing-invite", transaction, request, profile: this.leg("newcomer") });
  }

  private lose(): void {
    const sent = this.pick([...this.sent.values()]);
    if (sent === undefined || (sent.knownBy === undefined && this.next(6) > 0)) return;
    this.sent.delete(sent.exchange);
    const failure = this.next(2) === 0 ? "peer-timeout" : "edge-lost";
    this.apply({ kind: "no-response", exchange: sent.exchange, failure, edge: "e1" });
  }

  private silence(): void {
    this.apply({ kind: "end", failure: "node-lost" });
    for (const { transaction } of this.call.unacked) this.apply({ kind: "ack-timeout", transaction });
    for (const response of this.unacknowledged.values()) this.bringOrphan(response);
    for (let round = 0; round < 4 && !this.finished; round += 1) {
      for (const { exchange } of this.sent.values()) {
        this.sent.delete(exchange);
        this.apply({ kind: "no-response", exchange, failure: "peer-timeout" });
      }
      this.now = Math.max(this.now, callDeadline(this.call));
      this.apply({ kind: "deadline" });
    }
  }

  /** The message with one header line missing, doubled or senseless. */
  private garble(message: SipMessage): SipMessage {
    if (!this.garbled || this.next(3) > 0) return message;
    const name = this.pick(message.headers)?.[0] ?? "To";
    const value = NONSENSE[this.next(NONSENSE.length)] ?? "";
    const how = this.next(3);
    const headers = message.headers.flatMap((line): HeaderLine[] => {
      if (line[0] !== name || how === 2) return [line];
      return how === 0 ? [] : [[name, value]];
    });
    const lines: readonly HeaderLine[] = how === 2 ? [...headers, [name, value]] : headers;
    const { kind, method, uri, status, body } = message;
    if (kind === "response") return buildResponse({ status, method, headers: lines, body });
    return buildRequest({ method, uri: this.next(5) === 0 ? value : uri, headers: lines, body });
  }

  private apply(original: CallEvent): void {
    const told = this.mayCrash && (original.kind === "request" || original.kind === "deadline");
    const event = this.garbledEvent(told ? { ...original, alive: [...this.sent.keys()] } : original);
    freeze(this.call);
    const read = parseCall(serialiseCall(this.call));
    if (!read.ok || JSON.stringify(sorted(read.value)) !== JSON.stringify(sorted(this.call))) {
      this.faults.push("the stored record reads differently");
      return;
    }
    const copied = read.value;
    const step = transition(this.call, event, this.now);
    const again = transition(copied, event, this.now);
    if (JSON.stringify(sorted(step.call)) !== JSON.stringify(sorted(again.call)))
      this.faults.push("storing changed the call");
    if (digest(step.effects) !== digest(again.effects)) this.faults.push("storing changed the effects");
    if (this.finished && step.effects.length > 0) this.faults.push(`effects after finish: ${event.kind}`);
    detailRecords(step.call, this.now);
    if (event.kind === "deadline") this.forgetLost(step.call);
    this.call = step.call;
    this.performAll(step.effects, event);
  }

  /** Does the effects in order; in a walk with crashes the worker may die before any of them, and after the last. */
  private performAll(effects: readonly Effect[], event: CallEvent): void {
    this.noteOffer(event);
    const mayDie = this.mayCrash && !this.finished && this.at < this.numbers.length;
    const diesAfter = mayDie && this.next(12) === 0 ? this.next(effects.length + 1) : Infinity;
    for (const [index, effect] of effects.entries()) {
      if (index >= diesAfter) return this.crash();
      if (effect.kind === "save") this.stored = this.call;
      // What is stored when convenient may be in the store already, or never come there.
      else if (effect.kind === "save-lazily" && (!this.mayCrash || this.next(2) === 0)) this.stored = this.call;
      else this.performOne(effect);
    }
    if (diesAfter === effects.length && !this.finished) this.crash();
  }

  private noteOffer(event: CallEvent): void {
    if (event.kind === "invite" || event.kind === "redelivered" || event.kind === "replacing-invite") {
      this.offers.set(event.transaction, event);
    } else if (event.kind === "request" && event.request.method !== "ACK") this.offers.set(event.transaction, event);
  }

  private garbledEvent(event: CallEvent): CallEvent {
    if ("request" in event) return { ...event, request: this.garble(event.request) };
    return event.kind === "response" ? { ...event, response: this.garble(event.response) } : event;
  }

  /** What the machine gives up at a deadline was lost with its worker: no answer will come. */
  private forgetLost(after: Call): void {
    const kept = new Set(after.exchanges.map(({ id }) => id));
    for (const { id } of this.call.exchanges) if (!kept.has(id)) this.sent.delete(id);
  }

  private performOne(effect: Effect): void {
    switch (effect.kind) {
      case "send":
        return this.noteSent(effect);
      case "respond":
        return this.noteResponse(effect);
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
        if (this.finished) this.faults.push("finished twice");
        this.finished = true;
        return undefined;
      default:
        return undefined;
    }
  }

  private noteSent(effect: Sent): void {
    const { request } = effect;
    const cseq = Number(request.get("CSeq")?.split(" ")[0]);
    const callId = request.get("Call-ID") ?? "";
    const theirTag = readTag(request.get("To") ?? "");
    this.checkLeak(request);
    if (this.repeats(effect)) return;
    if (request.method === "ACK") {
      this.acked.add(`${callId} ${cseq} ${theirTag}`);
      this.unacknowledged.delete(`${callId} ${cseq} ${theirTag}`);
      return;
    }
    this.sent.set(effect.exchange, effect);
    // It has the number of its INVITE (RFC 3261 §9.1).
    if (request.method === "CANCEL") return;
    const dialog = `${callId} ${readTag(request.get("From") ?? "")} ${theirTag}`;
    if (cseq <= (this.cseqs.get(dialog) ?? 0)) this.faults.push(`CSeq ${cseq} ${request.method} again in ${dialog}`);
    this.cseqs.set(dialog, cseq);
  }

  /**
   * The same request again must be the same to the letter. Not so an ACK, which is no transaction: one made for an orphaned answer lacks what the caller's
   * would have brought. An INVITE that the edge holds goes on, and what came for it is told again.
   */
  private repeats(effect: Sent): boolean {
    const { request, branch, exchange } = effect;
    if (request.method === "ACK") return false;
    const names = ["Call-ID", "CSeq", "From", "To"].map((name) => request.get(name) ?? "");
    const key = `${request.method} ${names.join(" ")}`;
    const text = formatMessage(request);
    const before = this.texts.get(key);
    this.texts.set(key, text);
    if (before !== undefined && before !== text) this.faults.push(`${key} sent again with other content`);
    if (before !== undefined && request.method === "BYE") this.sent.set(exchange, effect);
    if (branch === undefined || before === undefined) return before !== undefined && request.method === "BYE";
    const held = this.held.get(branch);
    this.held.delete(branch);
    this.sent.set(exchange, effect);
    if (held?.last) {
      if (held.last.status >= 200) this.sent.delete(exchange);
      this.replays.push({ exchange, response: held.last });
    }
    return true;
  }

  private noteResponse(effect: Extract<Effect, { kind: "respond" }>): void {
    const { response, transaction } = effect;
    this.checkLeak(response);
    const given = this.finals.get(transaction);
    // Answered before the worker died, which was not stored: the edge lets no second answer out.
    if (this.crashes > 0 && (given?.length ?? 0) > 0) return;
    if (given === undefined) this.faults.push(`answer to an unknown transaction ${transaction}`);
    else if (response.status >= 200) given.push(response.status);
    else if (given.length > 0) this.faults.push(`${response.status} after the final response`);
    if (given !== undefined && given.length > 1 && !this.excused.has(transaction)) {
      this.faults.push(`${response.method} answered ${given.join(" and ")}`);
    }
    if (!this.invites.has(transaction)) return;
    const rseq = response.get("RSeq");
    if (rseq !== undefined) this.racks.push(`${rseq} ${response.get("CSeq") ?? ""}`);
    const to = response.get("To") ?? "";
    const callId = response.get("Call-ID") ?? "";
    if (response.status >= 300 || this.dialogs.some((dialog) => dialog.callId === callId && dialog.to === to)) return;
    this.dialogs.push({ callId, from: response.get("From") ?? "", to, leg: effect.leg, cseq: 10 });
  }

  /** Nothing of one party's network in what another party gets. Request-URI, Route, To and Call-ID are the receiver's own. */
  private checkLeak(message: SipMessage): void {
    const own = this.partyOf(message);
    const text = formatMessage(message);
    for (const found of text.matchAll(/secret-([\w-]+)\.example/g)) {
      if (found[1] !== own) this.faults.push(`${found[0]} in a ${message.method} to ${own}`);
    }
    for (const found of text.matchAll(/tag-(walk-\w+|k5\w+-[ab]\d*)/g)) {
      if (found[1] !== own) this.faults.push(`${found[0]} in a ${message.method} to ${own}`);
    }
  }

  private partyOf(message: SipMessage): string {
    return (message.get("Call-ID") ?? "").replace(/^call-id-/, "");
  }

  private judge(): void {
    for (const answer of this.answered) if (!this.acked.has(answer)) this.faults.push(`no ACK for ${answer}`);
    for (const [transaction, given] of this.finals) {
      if (given.length === 0 && !this.excused.has(transaction)) this.faults.push(`${transaction} never answered`);
    }
  }
}

/** An INVITE as the edge offers it to another worker. */
function offeredAgain({ transaction, request }: Extract<CallEvent, { kind: "invite" }>): CallEvent {
  return { kind: "redelivered", transaction, request };
}

/** What the ACK of a 2xx has in common with it. */
function answerKey(response: SipMessage): string {
  return `${response.get("Call-ID")} ${response.get("CSeq")?.split(" ")[0]} ${readTag(response.get("To") ?? "")}`;
}

function dialogKey({ callId, from, to }: PeerDialog, method: string): string {
  return `${callId} ${from} ${to} ${method}`;
}

function digest(effects: readonly Effect[]): string {
  return JSON.stringify(effects, (_, value: unknown) =>
    typeof value === "object" && value !== null && "headers" in value && "body" in value && "uri" in value
      ? formatMessage(value as SipMessage)
      : value,
  );
}

/** The same data with keys in one order. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const each of Object.values(value)) freeze(each);
}
