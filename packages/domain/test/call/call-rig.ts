import { buildRequest, type HeaderLine, type SipMessage } from "@tandem/sip";
import {
  blankPreparation,
  newCall,
  transition,
  type ArrivalPlace,
  type AttemptPlan,
  type Call,
  type CallEvent,
  type Effect,
  type EmergencyPreparation,
  type FailureCode,
  type LegProfile,
  type TrunkLimits,
} from "../../src/index.ts";
import { replyTo, requestOfPeer, type PeerRequest, type ReplyOptions, type RequestOptions } from "./peer-messages.ts";

/** Epoch of the tests' clock. */
export const START_MS = 1_700_000_000_000;
export const CALL_ID = "k5xq3m7bnt2z4y6w8v5r3p7s2a";

export const OFFER = sdp("caller", "192.0.2.10", 4_000);
export const ANSWER = sdp("callee", "198.51.100.20", 6_000);

/** A session description of a peer. `host` is where media goes, `user` shows in o=. */
export function sdp(user: string, host: string, port: number): string {
  return `v=0\r\no=${user} 1 1 IN IP4 ${user}.host.invalid\r\ns=${user} session\r\nc=IN IP4 ${host}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`;
}

export function profile(trunk: string, change: Partial<LegProfile> = {}): LegProfile {
  return {
    trunk,
    pool: "east",
    listener: "udp",
    transport: "udp",
    contactHost: "tandem.example:5060",
    peerHost: `${trunk}.peer.example`,
    nextHop: `sip:${trunk}.peer.example:5060`,
    forwardPai: false,
    forwardHistory: false,
    forwardDiversion: false,
    trusted: false,
    refer: "pass",
    reliableProvisional: "pass",
    maxEarlyDialogs: 20,
    sessionTimer: { offer: false, expiresS: 1_800, minSeS: 90, refresher: "either" },
    responseRules: [],
    ...change,
  };
}

export function plan(trunk: string, change: Partial<AttemptPlan> = {}): AttemptPlan {
  return {
    profile: profile(trunk),
    route: "all",
    calledNumber: "+12065550199",
    callingNumber: "+12065550100",
    suppressCallerId: false,
    maxCalls: 0,
    maxCallsPerSecond: 0,
    progressTimeoutMs: 10_000,
    connectTimeoutMs: 4_000,
    ringTimeoutMs: 180_000,
    failoverCodes: [408, 500, 502, 503, 504],
    ...change,
  };
}

export interface InviteOptions {
  readonly attempts?: readonly AttemptPlan[];
  readonly ingress?: Partial<LegProfile>;
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
  readonly contentType?: string;
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  /** Top Via of the caller's INVITE. */
  readonly via?: string;
  /** Contact of the caller; empty: none. */
  readonly contact?: string;
  readonly emergency?: Partial<EmergencyPreparation> | null;
  readonly rejection?: FailureCode;
  /** The call is a callback to whoever made an emergency call. */
  readonly callback?: { readonly callId: string | null };
  readonly limits?: TrunkLimits;
  /** It came over UDP. */
  readonly arrival?: ArrivalPlace;
}

/** Caller's INVITE as it reaches the worker. */
export function callerInvite(options: InviteOptions = {}): SipMessage {
  const body = options.body ?? OFFER;
  const contact = options.contact ?? "<sip:alice@caller.secret.example:5070>";
  return buildRequest({
    method: "INVITE",
    uri: options.uri ?? "sip:+12065550199@tandem.example;user=phone",
    headers: [
      ["Via", options.via ?? "SIP/2.0/UDP caller.secret.example:5060;branch=z9hG4bKcaller"],
      ["From", options.from ?? '"Alice" <sip:+12065550100@caller.secret.example>;tag=tag-of-caller'],
      ["To", options.to ?? "<sip:+12065550199@tandem.example>"],
      ["Call-ID", "call-id-of-caller"],
      ["CSeq", "100 INVITE"],
      ...(contact === "" ? [] : [["Contact", contact] as const]),
      ...(options.headers?.some(([name]) => name === "Max-Forwards") ? [] : [["Max-Forwards", "70"] as const]),
      ...(options.headers ?? []),
      ...(body === "" ? [] : [["Content-Type", options.contentType ?? "application/sdp"] as const]),
    ],
    body,
  });
}

type Sent = Extract<Effect, { kind: "send" }>;
type Responded = Extract<Effect, { kind: "respond" }>;

/** One call in the machine, with the peers played by the test. The record goes through JSON at every step. */
export class CallRig {
  call: Call = newCall(CALL_ID, START_MS);
  now: number = START_MS;
  effects: readonly Effect[] = [];
  readonly log: Effect[] = [];
  private transactions = 0;

  event(event: CallEvent, afterMs = 0): readonly Effect[] {
    this.now += afterMs;
    const stored = JSON.parse(JSON.stringify(this.call)) as Call;
    const step = transition(stored, event, this.now);
    this.call = step.call;
    this.effects = step.effects;
    this.log.push(...step.effects);
    return step.effects;
  }

  invite(options: InviteOptions = {}): readonly Effect[] {
    return this.event({
      kind: "invite",
      transaction: "invite-a",
      request: callerInvite(options),
      ingress: profile("core", options.ingress),
      attempts: options.attempts ?? [plan("first"), plan("second")],
      considered: [],
      emergency: options.emergency == null ? null : { ...blankPreparation, ...options.emergency },
      ...(options.arrival === undefined ? {} : { arrival: options.arrival }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      ...(options.callback === undefined ? {} : { callback: options.callback }),
      ...(options.rejection === undefined ? {} : { rejection: options.rejection }),
    });
  }

  /** The last request sent by method. */
  sent(method: string): Sent {
    const found = this.log.findLast((effect) => effect.kind === "send" && effect.request.method === method);
    if (found?.kind !== "send") throw new Error(`no ${method} was sent`);
    return found;
  }

  allSent(method: string): readonly Sent[] {
    return this.log.filter((effect): effect is Sent => effect.kind === "send" && effect.request.method === method);
  }

  /** The last response given. */
  responded(): Responded {
    const found = this.log.findLast((effect) => effect.kind === "respond");
    if (found?.kind !== "respond") throw new Error("nothing was answered");
    return found;
  }

  allResponded(transaction: string): readonly number[] {
    return this.log.flatMap((effect) =>
      effect.kind === "respond" && effect.transaction === transaction ? [effect.response.status] : [],
    );
  }

  cancels(): readonly string[] {
    return this.log.flatMap((effect) => (effect.kind === "cancel" ? [effect.exchange] : []));
  }

  kinds(): readonly string[] {
    return this.effects.map((effect) => effect.kind);
  }

  /** The peer answers a request of ours. */
  answer(sent: Sent, status: number, options: ReplyOptions = {}): readonly Effect[] {
    return this.event({ kind: "response", exchange: sent.exchange, response: this.response(sent, status, options) });
  }

  response(sent: Sent, status: number, options: ReplyOptions = {}): SipMessage {
    return replyTo(sent.request, status, { ...(sent.branch !== undefined && { branch: sent.branch }), ...options });
  }

  /** The caller's request in the dialog of one of our answers. */
  fromCaller(method: string, cseq: number, options: RequestOptions = {}): string {
    const to = this.callerDialogTo(options.ourTag ?? `${CALL_ID}-a`);
    return this.peerRequest("a", {
      method,
      cseq,
      from: '"Alice" <sip:+12065550100@caller.secret.example>;tag=tag-of-caller',
      to,
      callId: "call-id-of-caller",
      contact: "<sip:alice@caller.secret.example:5070>",
      ...options,
    });
  }

  private callerDialogTo(tag: string): string {
    return `<sip:+12065550199@tandem.example>;tag=${tag}`;
  }

  /** The called side's request in a dialog of the last attempt. */
  fromCallee(method: string, cseq: number, options: RequestOptions = {}): string {
    const invite = this.allSent("INVITE").find(({ exchange }) => exchange.startsWith("b")) ? this.firstInvite() : null;
    if (invite === null) throw new Error("nobody was called");
    return this.peerRequest("b", {
      method,
      cseq,
      from: `${invite.request.get("To") ?? ""};tag=${options.theirTag ?? "tag-of-callee"}`,
      to: invite.request.get("From") ?? "",
      callId: invite.request.get("Call-ID") ?? "",
      contact: "<sip:bob@callee.secret.example:5080>",
      ...options,
    });
  }

  /** The INVITE of the party that is connected or called now. */
  private firstInvite(): Sent {
    const called = this.call.parties.filter(({ leg, role }) => leg === "b" && role === "uac");
    const connected = called.find(({ dialogs }) => dialogs.some(({ confirmed }) => confirmed));
    const party = (connected ?? called[0])?.id ?? "b1";
    const found = this.log.find((effect) => effect.kind === "send" && effect.exchange.startsWith(`${party}-`));
    if (found?.kind !== "send") throw new Error("nobody was called");
    return found;
  }

  private peerRequest(leg: "a" | "b", options: PeerRequest): string {
    this.transactions += 1;
    const transaction = options.transaction ?? `t${this.transactions}-${options.method}`;
    const request = requestOfPeer(leg, transaction, options);
    this.event({ kind: "request", leg, transaction, request });
    return transaction;
  }

  /** INVITE, 180, 200, ACK: an established call. */
  establish(options: InviteOptions = {}): this {
    this.invite(options);
    this.answer(this.sent("INVITE"), 180);
    this.answer(this.sent("INVITE"), 200, { body: ANSWER, headers: [["Allow", "INVITE, ACK, BYE, CANCEL, UPDATE"]] });
    this.fromCaller("ACK", 100);
    return this;
  }

  timer(name: string, afterMs: number): readonly Effect[] {
    return this.event({ kind: "timer", timer: name }, afterMs);
  }
}
