import { buildRequest, headerAddresses, headerValues, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { PeerAddressOf } from "@tandem/testkit";
import { session, SDP } from "../harness/scripted-call.ts";
import { SequenceWatch, type SequenceBreach } from "./sequence-watch.ts";
import type { RequestEnd, SipAgent } from "./sip-agent.ts";

/** One established dialog of a storm's user agent. */
export class StormDialog {
  readonly #agent: SipAgent;
  readonly #local: string;
  readonly #remote: string;
  readonly #callId: string;
  readonly #user: string;
  readonly #inviteNumber: number;
  #target: string;
  #number: number;
  /** The other side's CSeq numbers. */
  readonly #sequence: SequenceWatch;

  constructor(
    agent: SipAgent,
    side: "caller" | "callee",
    user: string,
    made: { invite: SipMessage; answer: SipMessage },
  ) {
    const { invite, answer } = made;
    const caller = side === "caller";
    const from = invite.get("From") ?? "";
    const to = answer.get("To") ?? "";
    this.#agent = agent;
    this.#user = user;
    this.#local = caller ? from : to;
    this.#remote = caller ? to : from;
    this.#callId = invite.get("Call-ID") ?? "";
    this.#target = headerAddresses(caller ? answer : invite, "Contact")[0]?.uri ?? invite.uri;
    this.#inviteNumber = sequenceOf(invite);
    this.#number = caller ? this.#inviteNumber : 0;
    this.#sequence = new SequenceWatch(caller ? 0 : this.#inviteNumber);
  }

  /** ACK of the 2xx that made the dialog, or of a later one. */
  acknowledge(number = this.#inviteNumber): void {
    this.#agent.acknowledge(this.#request("ACK", number, [], ""));
  }

  bye(): Promise<RequestEnd> {
    return this.#agent.request(this.#next("BYE", [], ""));
  }

  /** A new offer; acknowledged when it is answered. */
  async reInvite(version: number): Promise<RequestEnd> {
    const request = this.#next("INVITE", [SDP], session(1, version, "sendonly"));
    const end = await this.#agent.request(request);
    if (end.final?.status === 200) this.acknowledge(sequenceOf(request));
    return end;
  }

  /** Requests of the other side that came again, the same in every byte but Via. */
  get repeated(): number {
    return this.#sequence.repeated;
  }

  /** A request of the other side; what is wrong with its number, or null. */
  takes(request: SipMessage, from: PeerAddressOf): SequenceBreach | null {
    this.#target = headerAddresses(request, "Contact")[0]?.uri ?? this.#target;
    return this.#sequence.takes(request, from);
  }

  #next(method: string, headers: readonly HeaderLine[], body: string): SipMessage {
    this.#number += 1;
    return this.#request(method, this.#number, headers, body);
  }

  #request(method: string, number: number, headers: readonly HeaderLine[], body: string): SipMessage {
    const contact: readonly HeaderLine[] =
      method === "INVITE" ? [["Contact", `<sip:${this.#user}@${this.#agent.hostport}>`]] : [];
    return buildRequest({
      method,
      uri: this.#target,
      headers: [
        ["Via", this.#agent.via()],
        ["Max-Forwards", "70"],
        ["From", this.#local],
        ["To", this.#remote],
        ["Call-ID", this.#callId],
        ["CSeq", `${number} ${method}`],
        ...contact,
        ...headers,
      ],
      body,
    });
  }
}

/** Number of a message's CSeq. */
export function sequenceOf(message: SipMessage): number {
  return Number((headerValues(message, "CSeq")[0] ?? "0").split(" ")[0]);
}
