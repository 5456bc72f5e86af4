import { buildRequest, buildResponse, readTag, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { Effect } from "../../../src/index.ts";
import type { Choices } from "./choices.ts";

/** Weighted so that calls live long enough to meet everything. */
const METHODS =
  "INVITE INVITE INVITE INVITE INVITE UPDATE UPDATE UPDATE PRACK PRACK INFO INFO REFER REFER REFER NOTIFY OPTIONS ODD ACK BYE".split(
    " ",
  );
const GOOD = [100, 180, 183, 183, 183, 200, 200, 200, 200, 200];
const BAD = [199, 202, 302, 401, 404, 408, 422, 481, 482, 486, 487, 491, 500, 503, 603];

type LegName = Extract<Effect, { kind: "respond" }>["leg"];

/** The caller the walk begins with. */
export const CALLER = "walk-caller";

/** A peer's dialog with us, as the peer sees it. */
export interface PeerDialog {
  readonly callId: string;
  /** From and To of the peer's requests. */
  readonly from: string;
  readonly to: string;
  readonly leg: LegName;
  cseq: number;
}

/** A request of a peer in its dialog. */
interface DialogRequest {
  readonly method: string;
  readonly cseq: number;
  readonly transaction: string;
  readonly headers: readonly HeaderLine[];
}

/** Who sent a message or gets it: its Call-ID says so. */
export function partyOf(message: SipMessage): string {
  return partyOfCallId(message.get("Call-ID") ?? "");
}

function partyOfCallId(callId: string): string {
  return callId.replace(/^call-id-/, "");
}

/**
 * The parties on both sides: the dialogs they have with us, and what they say. Every name in a party's network begins with `secret-`, and every
 * tag with `tag-`, so that a leak shows.
 */
export class Peers {
  readonly dialogs: PeerDialog[] = [];
  /** RAck of every reliable provisional response a peer got. */
  private readonly racks: string[] = [];
  private readonly choices: Choices;

  constructor(choices: Choices) {
    this.choices = choices;
  }

  newMethod(): string {
    return METHODS[this.choices.next(METHODS.length)] ?? "INFO";
  }

  newStatus(): number {
    return this.choices.pick(this.choices.next(4) > 0 ? GOOD : BAD) ?? 200;
  }

  /** The INVITE that begins a dialog. */
  invite(party: string, headers: readonly HeaderLine[] = []): SipMessage {
    const options: readonly HeaderLine[][] = [[], [["Supported", "100rel, timer"]], [["Require", "100rel"]]];
    const body = this.choices.next(4) === 0 ? "" : this.description(party);
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
        ...(options[this.choices.next(3)] ?? []),
        ...headers,
        ...(body === "" ? [] : [["Content-Type", "application/sdp"] as const]),
      ],
      body,
    });
  }

  /** The Replaces of an INVITE that takes a dialog over. */
  replaces({ callId, to, from }: PeerDialog): HeaderLine {
    return ["Replaces", `${callId};to-tag=${readTag(to)};from-tag=${readTag(from)}`];
  }

  /** A response to a request of ours. */
  answer(request: SipMessage, status: number, branch = "z9hG4bK2"): SipMessage {
    const party = partyOf(request);
    const fork = this.choices.next(3);
    const to = request.get("To") ?? "";
    const tagged = readTag(to) === undefined ? `${to};tag=tag-${party}-${fork}` : to;
    const reliable = this.choices.next(3) === 0 && status > 100 && status < 200 && request.method === "INVITE";
    const described = this.choices.next(2) === 0 && (status === 183 || status === 200);
    const body = described ? this.description(party) : "";
    return buildResponse({
      status,
      method: request.method,
      headers: [
        ["Via", `SIP/2.0/UDP ours.example;branch=${branch}`],
        ["From", request.get("From") ?? ""],
        ["To", tagged],
        ["Call-ID", request.get("Call-ID") ?? ""],
        ["CSeq", request.get("CSeq") ?? ""],
        ["Contact", `<sip:y@secret-${party}.example>`],
        ["Record-Route", `<sip:proxy.secret-${party}.example;lr>`],
        ["Server", `secret-${party}.example/2`],
        ["Warning", `399 secret-${party}.example "x"`],
        ["P-Asserted-Identity", `<sip:z@secret-${party}.example>`],
        ["Allow", this.choices.next(2) === 0 ? "INVITE, UPDATE" : "INVITE"],
        ...(status === 422 ? [["Min-SE", "1800"] as const] : []),
        ...(reliable ? this.reliability() : []),
        ...(described ? [["Content-Type", "application/sdp"] as const] : []),
      ],
      body,
    });
  }

  private reliability(): readonly HeaderLine[] {
    return [
      ["Require", "100rel"],
      ["RSeq", String(1 + this.choices.next(3))],
    ];
  }

  /** A request in a dialog, a description in it where the method may bring one. */
  request({ callId, from, to }: PeerDialog, { method, cseq, transaction, headers }: DialogRequest): SipMessage {
    const party = partyOfCallId(callId);
    const described = ["INVITE", "UPDATE", "PRACK", "ACK"].includes(method) && this.choices.next(2) === 0;
    const body = described ? this.description(party) : "";
    return buildRequest({
      method,
      uri: "sip:ours.example",
      headers: [
        ["Via", `SIP/2.0/UDP secret-${party}.example;branch=z9hG4bK${transaction}`],
        ["From", from],
        ["To", to],
        ["Call-ID", callId],
        ["CSeq", `${cseq} ${method}`],
        ["Contact", `<sip:m@secret-${party}.example>`],
        ["User-Agent", `secret-${party}.example/1`],
        ...headers,
        ...(described ? [["Content-Type", "application/sdp"] as const] : []),
      ],
      body,
    });
  }

  /** What a request of this method brings besides what every one has. */
  headersOf(method: string, { callId }: PeerDialog): readonly HeaderLine[] {
    const party = partyOfCallId(callId);
    switch (method) {
      case "REFER":
        return [
          ["Refer-To", `<sip:+12065550177@secret-${party}.example>`],
          ["Referred-By", `<sip:r@secret-${party}.example>`],
        ];
      case "UPDATE":
        return this.choices.next(2) === 0
          ? [
              ["Supported", "timer"],
              ["Session-Expires", "600"],
            ]
          : [];
      case "NOTIFY":
        return [["Event", "refer;id=3"]];
      case "PRACK":
        return [["RAck", this.choices.pick(this.racks) ?? "1 1 INVITE"]];
      default:
        return [];
    }
  }

  /** The RAck of the reliable provisional response that came last; null: there was none. */
  get lastRack(): string | null {
    return this.racks.at(-1) ?? null;
  }

  /** A called party answered: from then on it has a dialog. */
  noteOwnAnswer(leg: LegName, response: SipMessage): void {
    const from = response.get("To") ?? "";
    const callId = response.get("Call-ID") ?? "";
    if (this.dialogs.some((dialog) => dialog.callId === callId && dialog.from === from)) return;
    this.dialogs.push({ callId, from, to: response.get("From") ?? "", leg, cseq: 0 });
  }

  /** A calling party got a response to its INVITE. */
  noteResponse({ response, leg }: Extract<Effect, { kind: "respond" }>): void {
    const rseq = response.get("RSeq");
    if (rseq !== undefined) this.racks.push(`${rseq} ${response.get("CSeq") ?? ""}`);
    const to = response.get("To") ?? "";
    const callId = response.get("Call-ID") ?? "";
    if (response.status >= 300 || this.dialogs.some((dialog) => dialog.callId === callId && dialog.to === to)) return;
    this.dialogs.push({ callId, from: response.get("From") ?? "", to, leg, cseq: 10 });
  }

  private description(party: string): string {
    const port = 4_000 + this.choices.next(3) * 2;
    return `v=0\r\no=secret-${party}.example 1 1 IN IP4 secret-${party}.example\r\ns=secret-${party}.example\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`;
  }
}
