import { setTimeout as delay } from "node:timers/promises";
import type { HeaderLine, SipMessage } from "@tandem/sip";
import {
  until,
  type Arrived,
  type DialogRequest,
  type PeerAddressOf,
  type PeerDialog,
  type SipPeer,
} from "@tandem/testkit";

/** A G.711 session as a scripted peer offers it; `id` and `version` go into the origin, `direction` is a media attribute. */
export function session(id: number, version = 1, direction = "sendrecv"): string {
  const lines = [
    "v=0",
    `o=- ${id} ${version} IN IP4 192.0.2.${id}`,
    "s=-",
    `c=IN IP4 192.0.2.${id}`,
    "t=0 0",
    "m=audio 40000 RTP/AVP 0",
    "a=rtpmap:0 PCMU/8000",
    `a=${direction}`,
  ];
  return `${lines.join("\r\n")}\r\n`;
}

/** For `beforeEach` where tests share peers: what one test left untaken is not the next one's. */
export function forgetAll(peers: readonly SipPeer[]): void {
  for (const peer of peers) peer.forget();
}

export const SDP: HeaderLine = ["Content-Type", "application/sdp"];
export const ALLOW: HeaderLine = [
  "Allow",
  "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY, MESSAGE",
];

export interface CallOptions {
  readonly number?: string;
  /** Added to the caller's INVITE. */
  readonly headers?: readonly HeaderLine[];
  /** Added to the callee's 200. */
  readonly answerHeaders?: readonly HeaderLine[];
}

/** A call between two scripted peers, answered and acknowledged on both sides. */
export interface ScriptedCall {
  /** The caller's dialog and the callee's. */
  readonly caller: PeerDialog;
  readonly callee: PeerDialog;
  /** The INVITE as the caller sent it, and as the callee got it. */
  readonly sent: SipMessage;
  readonly arrived: Arrived;
  /** The 200 as the caller got it. */
  readonly answer: Arrived;
}

/** Sends an INVITE with an offer. */
export function invite(caller: SipPeer, to: PeerAddressOf, options: CallOptions = {}): SipMessage {
  return caller.request("INVITE", to, {
    uri: `sip:${options.number ?? "100"}@${to.address}:${to.port}`,
    headers: [ALLOW, ...(options.headers ?? []), SDP],
    body: session(1),
  });
}

interface Parties {
  readonly caller: SipPeer;
  readonly callee: SipPeer;
  readonly to: PeerAddressOf;
}

/** Sets a call up through the cluster. */
export async function setUp(parties: Parties, options: CallOptions = {}): Promise<ScriptedCall> {
  const sent = invite(parties.caller, parties.to, options);
  return answerCall(parties, sent, options);
}

const MOST_TRIES = 80;
/** Between a 503 and the next try, milliseconds. */
const COME_BACK_MS = 250;

const isInvite = ({ message }: Arrived): boolean => message.kind === "request" && message.method === "INVITE";

/** Sets a call up as somebody does who comes back when he is told to: again after each 503. */
export async function setUpAtLast(parties: Parties, options: CallOptions = {}): Promise<ScriptedCall> {
  const { caller, callee, to } = parties;
  const refused = ({ message }: Arrived): boolean => message.status === 503 && message.method === "INVITE";
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const sent = invite(caller, to, options);
    await until(() => caller.untaken.some(refused) || callee.untaken.some(isInvite), { what: "an INVITE's outcome" });
    if (callee.untaken.some(isInvite)) return answerCall(parties, sent, options);
    caller.ackFailure(sent, await caller.expect("503 INVITE", sent.get("Call-ID")));
    await delay(COME_BACK_MS);
  }
  throw new Error("every INVITE was refused");
}

/** Two parties of a call, one of which asks the other something. */
interface Sides {
  readonly asking: SipPeer;
  readonly answering: SipPeer;
}

/**
 * Sends a request in a dialog as somebody does who comes back when he is told to, as at an edge whose workers take longer to start again than it holds a request: again after each 503, with the
 * next number. Gives the request as the other side got it.
 */
export async function requestAtLast(
  dialog: PeerDialog,
  { asking, answering }: Sides,
  request: { readonly method: string } & DialogRequest,
): Promise<Arrived> {
  const { method } = request;
  const refused = ({ message }: Arrived): boolean =>
    message.status === 503 && message.method === method && message.get("Call-ID") === dialog.callId;
  const came = ({ message }: Arrived): boolean => message.kind === "request" && message.method === method;
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const sent = dialog.request(method, request);
    await until(() => asking.untaken.some(refused) || answering.untaken.some(came), {
      what: `the outcome of ${method}`,
    });
    if (answering.untaken.some(came)) return answering.expect(method);
    const answer = await asking.expect(`503 ${method}`, dialog.callId);
    if (method === "INVITE") asking.ackFailure(sent, answer);
    await delay(COME_BACK_MS);
  }
  throw new Error(`every ${method} was refused`);
}

/** The called side rings and answers. */
async function answerCall({ caller, callee }: Parties, sent: SipMessage, options: CallOptions): Promise<ScriptedCall> {
  const [ours, arrived] = [sent.get("Call-ID"), await callee.expect("INVITE")];
  callee.reply(arrived, 180);
  await caller.expect(180, ours);
  const answered = callee.reply(arrived, 200, {
    headers: [ALLOW, ...(options.answerHeaders ?? []), SDP],
    body: session(2),
  });
  const answer = await caller.expect("200 INVITE", ours);
  const callerDialog = caller.dialogAsCaller(sent, answer);
  callerDialog.ack();
  await callee.expect("ACK", arrived.message.get("Call-ID"));
  return { caller: callerDialog, callee: callee.dialogAsCallee(arrived, answered), sent, arrived, answer };
}

/** Ends a call from the caller's side and sees it end at the callee's. */
export async function hangUp(call: ScriptedCall, caller: SipPeer, callee: SipPeer): Promise<void> {
  call.caller.request("BYE");
  callee.reply(await callee.expect("BYE", call.callee.callId), 200);
  await caller.expect("200 BYE", call.caller.callId);
}
