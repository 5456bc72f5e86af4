import {
  peerFromResponse,
  type DialogPeer,
  headerAddresses,
  headerValues,
  parseCSeq,
  type SipMessage,
} from "@tandem/sip";
import type { BoundListener, PeerSource, ReceivedMessage } from "@tandem/sip-endpoint";
import type { Application } from "../application.ts";
import { dialogId, fromTag } from "../dialog-id.ts";

/** A dialog kept for an application that does not keep its own. */
export interface StockDialog {
  readonly id: string;
  peer: DialogPeer;
  /** The application that made it, or that last spoke in it after the first was lost. */
  session: Application;
  /** Local sequence number used last. */
  sequence: number;
  /** Sequence number of our INVITE that waits for the application's ACK; null when none does. */
  ackSequence: number | null;
  readonly listener: BoundListener;
  /** Contact we gave. */
  readonly contact: string;
  /** Where its requests go instead of the target: a peer behind a NAT that was reached over UDP. */
  readonly flow: string | null;
  confirmed: boolean;
}

/** Methods whose request or 2xx may move the remote target (RFC 3261 §12.2.2, RFC 3311, RFC 6665). */
const TARGET_REFRESH = ["INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"];

/**
 * The dialogs of applications without the tag `octets`. Soft state: bounded, the longest unused go first, and a request of a forgotten dialog
 * still reaches an application; only sending in it by dialog id fails.
 */
export class StockDialogs {
  readonly #max: number;
  readonly #dialogs = new Map<string, StockDialog>();
  readonly #byCall = new Map<string, string>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#dialogs.size;
  }

  /** The dialog of that id; it counts as used. */
  find(id: string): StockDialog | undefined {
    const dialog = this.#dialogs.get(id);
    if (dialog === undefined) return undefined;
    this.#dialogs.delete(id);
    this.#dialogs.set(id, dialog);
    return dialog;
  }

  /** A dialog with that Call-ID, the latest if there are several. */
  findByCallId(callId: string): StockDialog | undefined {
    const id = this.#byCall.get(callId);
    return id === undefined ? undefined : this.find(id);
  }

  /** The connected application that the dialog belongs to. */
  owner(id: string): Application | undefined {
    const session = this.#dialogs.get(id)?.session;
    return session?.ready === true ? session : undefined;
  }

  remove(id: string): void {
    const dialog = this.#dialogs.get(id);
    if (dialog === undefined) return;
    this.#dialogs.delete(id);
    if (this.#byCall.get(dialog.peer.callId) === id) this.#byCall.delete(dialog.peer.callId);
  }

  /** A request of the peer arrived in a dialog: its Contact may move the target. */
  requestReceived(id: string, received: ReceivedMessage): void {
    const dialog = this.#dialogs.get(id);
    if (dialog !== undefined && TARGET_REFRESH.includes(received.message.method)) retarget(dialog, received.message);
  }

  /** We answered a request that makes a dialog: we are its UAS (RFC 3261 §12.1.1). */
  answered(options: AnsweredDialog): StockDialog {
    const { request, localTag, session, contact } = options;
    const { message, source } = request;
    const callId = message.get("Call-ID") ?? "";
    const id = dialogId(callId, localTag);
    const known = this.#dialogs.get(id);
    if (known !== undefined) {
      known.confirmed ||= options.confirmed;
      known.session = session;
      return known;
    }
    const to = message.get("To") ?? "";
    const target = headerAddresses(message, "Contact")[0]?.uri ?? "";
    const routes = headerValues(message, "Record-Route");
    return this.#keep({
      id,
      peer: { callId, from: `${to};tag=${localTag}`, to: message.get("From") ?? "", target, routes },
      session,
      sequence: 0,
      ackSequence: null,
      listener: source.listener,
      contact,
      flow: routes.length === 0 && isBehindNat(source, target) ? flowTo(source) : null,
      confirmed: options.confirmed,
    });
  }

  /** A response with a To tag to a request of ours that makes a dialog: we are its UAC (RFC 3261 §12.1.2). */
  answerReceived(options: AnswerReceived): StockDialog | undefined {
    const { request, response, session, listener } = options;
    const tag = fromTag(request);
    if (tag === undefined) return undefined;
    const peer = peerFromResponse(request, response);
    const id = dialogId(peer.callId, tag);
    const sequence = parseCSeq(request.get("CSeq") ?? "")?.sequence ?? 1;
    const dialog =
      this.#dialogs.get(id) ??
      this.#keep({
        id,
        peer,
        session,
        sequence,
        ackSequence: null,
        listener,
        contact: request.get("Contact") ?? "",
        flow: null,
        confirmed: false,
      });
    if (!dialog.confirmed) {
      // The branch that answers is the one the dialog id stands for from now on: the application cannot name another.
      dialog.peer = response.status >= 200 || response.has("Contact") ? peer : { ...dialog.peer, to: peer.to };
      dialog.confirmed = response.status >= 200;
    }
    if (response.status >= 200 && request.method === "INVITE") dialog.ackSequence = sequence;
    return dialog;
  }

  /** A 2xx to a request sent in a known dialog. */
  refreshed(dialog: StockDialog, request: SipMessage, response: SipMessage): void {
    if (TARGET_REFRESH.includes(request.method)) retarget(dialog, response);
    if (request.method === "INVITE") dialog.ackSequence = parseCSeq(request.get("CSeq") ?? "")?.sequence ?? null;
  }

  #keep(dialog: StockDialog): StockDialog {
    this.#dialogs.set(dialog.id, dialog);
    this.#byCall.set(dialog.peer.callId, dialog.id);
    if (this.#dialogs.size > this.#max) {
      const [oldest] = this.#dialogs.keys();
      if (oldest !== undefined) this.remove(oldest);
    }
    return dialog;
  }
}

export interface AnsweredDialog {
  readonly request: ReceivedMessage;
  readonly localTag: string;
  readonly session: Application;
  readonly contact: string;
  readonly confirmed: boolean;
}

export interface AnswerReceived {
  readonly request: SipMessage;
  readonly response: SipMessage;
  readonly session: Application;
  readonly listener: BoundListener;
}

function retarget(dialog: StockDialog, message: SipMessage): void {
  const target = headerAddresses(message, "Contact")[0]?.uri;
  if (target !== undefined) dialog.peer = { ...dialog.peer, target };
}

function isBehindNat(source: PeerSource, target: string): boolean {
  if (source.transport !== "udp") return false;
  return (
    !target.includes(`${source.address}:${source.port}`) && !(source.port === 5060 && target.includes(source.address))
  );
}

function flowTo(source: PeerSource): string {
  const host = source.address.includes(":") ? `[${source.address}]` : source.address;
  return `sip:${host}:${source.port};transport=udp`;
}
