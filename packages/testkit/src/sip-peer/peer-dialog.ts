import { buildRequest, headerAddresses, headerValues, readTag, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { PeerAddressOf } from "./peer-options.ts";

/** What a dialog begins with, seen from the peer. */
export interface DialogSeed {
  readonly kind: "caller" | "callee";
  readonly invite: SipMessage;
  readonly answer: SipMessage;
  /** Where its requests go. */
  readonly to: PeerAddressOf;
}

export interface DialogSender {
  readonly send: (message: SipMessage, to: PeerAddressOf) => void;
  /** Told of every ACK before it is sent. */
  readonly acknowledged: (ack: SipMessage) => void;
  readonly via: () => string;
  readonly contact: string;
}

export interface DialogRequest {
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
}

/** One dialog of a SIP peer: requests inside it with the right tags, numbers, route and target. */
export class PeerDialog {
  readonly callId: string;
  readonly local: string;
  readonly remote: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly target: string;
  readonly routes: readonly string[];
  /** Sequence number used last. */
  sequence: number;
  /** Where requests go; may be changed to send them through another edge. */
  to: PeerAddressOf;
  readonly #inviteSequence: number;
  readonly #sender: DialogSender;

  constructor(seed: DialogSeed, sender: DialogSender) {
    const { kind, invite, answer } = seed;
    const asCaller = kind === "caller";
    const from = invite.get("From") ?? "";
    const to = answer.get("To") ?? "";
    this.callId = invite.get("Call-ID") ?? "";
    this.local = asCaller ? from : to;
    this.remote = asCaller ? to : from;
    this.localTag = readTag(this.local) ?? "";
    this.remoteTag = readTag(this.remote) ?? "";
    this.target = headerAddresses(asCaller ? answer : invite, "Contact")[0]?.uri ?? invite.uri;
    const recorded = headerValues(asCaller ? answer : invite, "Record-Route");
    this.routes = asCaller ? [...recorded].reverse() : recorded;
    this.#inviteSequence = Number((invite.get("CSeq") ?? "1").split(" ")[0]);
    this.sequence = asCaller ? this.#inviteSequence : 0;
    this.to = seed.to;
    this.#sender = sender;
  }

  /** Sends a request in the dialog and returns it as sent. */
  request(method: string, options: DialogRequest = {}): SipMessage {
    this.sequence += 1;
    return this.#send(method, this.sequence, options);
  }

  /** Acknowledges the 2xx of the INVITE that made the dialog, or of a later one by its number. */
  ack(options: DialogRequest = {}, sequence = this.#inviteSequence): SipMessage {
    return this.#send("ACK", sequence, options);
  }

  #send(method: string, sequence: number, options: DialogRequest): SipMessage {
    const contact: readonly HeaderLine[] = ["INVITE", "UPDATE", "SUBSCRIBE", "REFER"].includes(method)
      ? [["Contact", this.#sender.contact]]
      : [];
    const message = buildRequest({
      method,
      uri: this.target,
      headers: [
        ["Via", this.#sender.via()],
        ...this.routes.map((route): HeaderLine => ["Route", route]),
        ["Max-Forwards", "70"],
        ["From", this.local],
        ["To", this.remote],
        ["Call-ID", this.callId],
        ["CSeq", `${sequence} ${method}`],
        ...contact,
        ...(options.headers ?? []),
      ],
      body: options.body ?? "",
    });
    if (method === "ACK") this.#sender.acknowledged(message);
    this.#sender.send(message, this.to);
    return message;
  }
}
