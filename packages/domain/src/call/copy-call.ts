import type { Call } from "./call.ts";
import type { Exchange, Purpose, Unacked } from "./exchange.ts";
import type { Dialog, Party, ReliableState } from "./party.ts";

/**
 * A copy of the record that a step may change: everything the types let change is new, everything read-only (profiles, plans, stored messages) is
 * shared. So the record before the step stays as it was, at the price of what can change.
 */
export function copyCall(call: Call): Call {
  return {
    ...call,
    parties: call.parties.map(copyParty),
    exchanges: call.exchanges.map(copyExchange),
    unacked: call.unacked.map(copyUnacked),
    hunt:
      call.hunt === null ? null : { ...call.hunt, plans: call.hunt.plans.slice(), current: copied(call.hunt.current) },
    caller: copied(call.caller),
    ways: call.ways.slice(),
    transfer: copied(call.transfer),
    refers: call.refers.slice(),
    reserved: call.reserved.slice(),
    owedByes: call.owedByes.slice(),
    desk: copied(call.desk),
    facts: { ...call.facts },
    attempts: call.attempts.map((attempt) => ({ ...attempt })),
    ladder: call.ladder.slice(),
  };
}

function copied<T extends object>(value: T | null): T | null {
  return value === null ? null : { ...value };
}

function copyParty(party: Party): Party {
  return { ...party, origin: { ...party.origin }, dialogs: party.dialogs.map(copyDialog) };
}

function copyDialog(dialog: Dialog): Dialog {
  return {
    ...dialog,
    origin: { ...dialog.origin },
    timer: copied(dialog.timer),
    reliable: dialog.reliable === null ? null : copyReliable(dialog.reliable),
  };
}

function copyReliable(state: ReliableState): ReliableState {
  return { ...state, waiting: copied(state.waiting), queue: state.queue.slice() };
}

function copyExchange(exchange: Exchange): Exchange {
  return { ...exchange, purpose: copyPurpose(exchange.purpose) };
}

function copyPurpose(purpose: Purpose): Purpose {
  return purpose.kind === "relay" ? { ...purpose, origin: { ...purpose.origin } } : purpose;
}

function copyUnacked(unacked: Unacked): Unacked {
  return { ...unacked, request: { ...unacked.request } };
}
