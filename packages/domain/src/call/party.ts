import type { HeaderLine } from "@tandem/sip";
import type { LegName } from "./event.ts";
import type { DialogId, PartyId } from "./identity.ts";
import type { LegProfile } from "./leg-profile.ts";

/** One peer of this call: the caller, or whom one attempt called. Its dialogs share Call-ID and URIs. */
export interface Party {
  readonly id: PartyId;
  readonly leg: LegName;
  /** `uas`: the peer sent the INVITE; `uac`: we did. */
  readonly role: "uas" | "uac";
  readonly profile: LegProfile;
  readonly sipCallId: string;
  /** Our From (uac) or To (uas) value without tag. */
  readonly local: string;
  /** Their From or To value without tag. */
  readonly remote: string;
  /** Our Contact value in this party's dialogs. */
  readonly contact: string;
  /** CSeq number of the INVITE that made the party. */
  inviteCseq: number;
  /** Highest CSeq number used in a dialog that is forgotten: a late answer of it goes on from there. */
  usedCseq: number;
  /** Dialogs made so far, for their ids. */
  forks: number;
  dialogs: Dialog[];
  /** uac: SDP origin of the offer in the INVITE; each dialog goes on from it. */
  origin: SdpOrigin;
}

/** One dialog with a peer (RFC 3261 §12). Our tag is made from the ids, never stored. */
export interface Dialog {
  readonly id: DialogId;
  /** Empty while a provisional response without To tag is all there is. */
  remoteTag: string;
  confirmed: boolean;
  /** A BYE of either side is answered; it stays only while an INVITE in it may still be answered. */
  ended: boolean;
  /** The other leg's dialog that this one is connected to. */
  peer: DialogId | null;
  /** Remote target: the peer's Contact URI (RFC 3261 §12.2.1.2 target refresh). */
  target: string;
  routes: readonly string[];
  /** CSeq number of our last request in the dialog. */
  localCseq: number;
  /** CSeq number of the peer's last request in the dialog; 0 when it sent none. */
  remoteCseq: number;
  /** Methods of the peer's Allow that we ask for: `UPDATE`, `REFER`, `INFO`… Empty when it never said. */
  allows: string;
  /** Option tags of the peer's Supported that we ask for. */
  supports: string;
  /** SDP the peer last offered or answered with, as received; what the other leg's refreshes and a new leg's offer are made of. */
  sdp: string;
  /** Offer/answer state (RFC 3264 §4, RFC 6337): who owes an answer. */
  offer: "none" | "sent" | "received";
  origin: SdpOrigin;
  /** The last INVITE of ours whose ACK held the answer: its CSeq number, and the version in our o= line there. Absent: there was none. */
  answerInAck?: { readonly cseq: number; readonly version: number };
  timer: SessionTimer | null;
  /** When a re-INVITE of ours that met glare goes again; 0: none waits. */
  retryAtMs: number;
  /** Emergency calls: the peer fell silent, people were alarmed, and the call goes on. The next time it ends. */
  silenceSpared: boolean;
  /** The same of a session that lapsed: a silence before it takes nothing of this one's grace, nor the other way round. */
  lapseSpared: boolean;
  reliable: ReliableState | null;
  /** Set while this dialog is about to take another one's place (RFC 3891). */
  replaces: DialogId | null;
}

/** Our o= line in one dialog (RFC 4566 §5.2): the version grows when the description changes, and only then. */
export interface SdpOrigin {
  id: number;
  version: number;
  /** Mark of the last description sent, to see whether it changed; empty before the first. */
  mark: string;
  /** The peer is on the PSAP's side of an emergency call: no comfort noise and no silence suppression in what it is told. */
  quiet?: true;
}

/** RFC 4028 on one leg. */
export interface SessionTimer {
  intervalS: number;
  refresher: "us" | "peer";
  /** When the session lapses unless refreshed. */
  expiresAtMs: number;
  /** When we refresh (half of the interval); for a peer refresher: when we give up and send BYE. */
  actAtMs: number;
}

/** RFC 3262 state of one early dialog. */
export interface ReliableState {
  /** uac: RSeq of the last reliable provisional response taken. */
  taken: number;
  /** uas: RSeq of the last one sent; 0 before the first. */
  sent: number;
  /** uas: the one that waits for its PRACK, and those that wait behind it. */
  waiting: (ReliableRelay & ReliableSending) | null;
  queue: ReliableRelay[];
}

/** A provisional response on its way to the caller, reliably. */
export interface ReliableRelay {
  readonly response: StoredResponse;
  /** RAck of the called side's response that it stands for; null when that one was not reliable. */
  readonly rack: string | null;
  readonly hasDescription: boolean;
}

interface ReliableSending {
  readonly rseq: number;
  readonly sentMs: number;
  resends: number;
}

/** A response as the record keeps it while it must wait or may be repeated. */
export interface StoredResponse {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly HeaderLine[];
  readonly body: string;
}
