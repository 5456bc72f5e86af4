import { readTag, type SipMessage } from "@tandem/sip";
import type { Call } from "./call.ts";
import type { Exchange } from "./exchange.ts";
import type { Dialog, Party } from "./party.ts";
import type { Effect } from "./effect.ts";
import { parseOurTag, type DialogId, type PartyId } from "./identity.ts";

/** One step of the machine while it is being made: a copy of the record that handlers change, and the effects so far. */
export interface Turn {
  readonly call: Call;
  readonly now: number;
  /** When the event came (epoch ms): earlier than now when it waited for what came before it, or for the record. */
  readonly cameMs: number;
  readonly effects: Effect[];
  /** The call is over: `finish` follows the other effects. */
  finished: boolean;
}

/** A dialog with the party it belongs to. */
export interface Place {
  readonly party: Party;
  readonly dialog: Dialog;
}

export function partyOf(call: Call, id: PartyId): Party | null {
  return call.parties.find((party) => party.id === id) ?? null;
}

export function placeOf(call: Call, id: DialogId | null): Place | null {
  if (id === null) return null;
  for (const party of call.parties) {
    const dialog = party.dialogs.find((candidate) => candidate.id === id);
    if (dialog !== undefined) return { party, dialog };
  }
  return null;
}

/** The dialog on the other leg that this one is connected to. */
export function peerOf(call: Call, place: Place): Place | null {
  return placeOf(call, place.dialog.peer);
}

/**
 * The dialog a request belongs to (RFC 3261 §12.2.2): by our tag in To and, where one of our tags serves several dialogs (forks of an
 * INVITE of ours), the peer's tag in From.
 */
export function placeOfRequest(call: Call, request: SipMessage): Place | null {
  const ours = parseOurTag(readTag(request.get("To") ?? "") ?? "");
  if (ours === null || ours.callId !== call.id) return null;
  const party = partyOf(call, ours.party);
  if (party === null) return null;
  const theirs = readTag(request.get("From") ?? "") ?? "";
  const dialog = party.dialogs.find(
    ({ id, remoteTag, ended }) => !ended && (party.role === "uac" || id === ours.dialog) && remoteTag === theirs,
  );
  return dialog === undefined ? null : { party, dialog };
}

export function exchangeOf(call: Call, id: string): Exchange | null {
  return call.exchanges.find((exchange) => exchange.id === id) ?? null;
}

export function dropExchange(call: Call, exchange: Exchange): void {
  call.exchanges = call.exchanges.filter((candidate) => candidate !== exchange);
}

/** Timer of the caller's INVITE, where that says when it expires. */
export const EXPIRY_TIMER = "expires:a";

export function startTimer(turn: Turn, timer: string, afterMs: number): void {
  turn.effects.push({ kind: "start-timer", timer, afterMs });
}

export function stopTimer(turn: Turn, timer: string): void {
  turn.effects.push({ kind: "stop-timer", timer });
}

/** The party a dialog id belongs to. */
export function partyIdOf(dialog: DialogId): PartyId {
  const dot = dialog.indexOf(".");
  return dot < 0 ? dialog : dialog.slice(0, dot);
}

/** A called party's early dialogs are over, and with them the caller's dialogs they were shown in. */
export function dropDialogs(turn: Turn, party: Party): void {
  for (const dialog of party.dialogs) {
    const other = peerOf(turn.call, { party, dialog });
    if (other !== null) removeDialog(turn, other);
    removeDialog(turn, { party, dialog });
  }
}

export function removeDialog(turn: Turn, { party, dialog }: Place): void {
  if (dialog.reliable?.waiting != null) stopTimer(turn, reliableTimer(dialog));
  party.dialogs = party.dialogs.filter((candidate) => candidate !== dialog);
  party.usedCseq = Math.max(party.usedCseq, dialog.localCseq);
  forgetRequests(turn.call, dialog);
}

/** Dialogs that stand: confirmed and not ended. */
export function standingPlaces(call: Call): readonly Place[] {
  return call.parties.flatMap((party) =>
    party.dialogs.filter(({ confirmed, ended }) => confirmed && !ended).map((dialog): Place => ({ party, dialog })),
  );
}

/** A dialog is over: the answers to requests of our own in it are of no interest, but for INVITEs. */
export function endOf({ call }: Turn, { dialog }: Place): void {
  dialog.ended = true;
  forgetRequests(call, dialog);
}

function forgetRequests(call: Call, { id }: Dialog): void {
  call.exchanges = call.exchanges.filter(
    ({ dialog, method, purpose }) => dialog !== id || method === "INVITE" || purpose.kind === "relay",
  );
}

/** Timer that repeats a reliable provisional response. */
export function reliableTimer(dialog: Dialog): string {
  return `reliable:${dialog.id}`;
}

function isWanted({ exchanges }: Call, { id, replaces, ended }: Dialog): boolean {
  if (ended) return exchanges.some(({ dialog, method }) => dialog === id && method === "INVITE");
  return replaces === null || exchanges.some(({ purpose }) => purpose.kind === "relay" && purpose.origin.dialog === id);
}

/** Parties without dialogs that nothing waits for are forgotten, and dialogs that are over or were to replace another and did not. Runs at the end of every step. */
export function sweepParties(turn: Turn): void {
  const { call } = turn;
  const wanted = new Set<PartyId>();
  for (const { party, purpose } of call.exchanges) {
    wanted.add(party);
    if (purpose.kind === "relay" && purpose.origin.open) wanted.add(partyIdOf(purpose.origin.dialog));
  }
  if (call.caller !== null) wanted.add(call.caller.party);
  if (call.hunt?.current?.party != null) wanted.add(call.hunt.current.party);
  for (const party of call.parties) party.dialogs = party.dialogs.filter((dialog) => isWanted(call, dialog));
  call.parties = call.parties.filter(({ id, dialogs }) => dialogs.length > 0 || wanted.has(id));
}
