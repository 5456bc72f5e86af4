import type { CallEvent } from "./event.ts";
import type { Turn } from "./turn.ts";

/** An INVITE that takes the place of one of our dialogs (RFC 3891). */
export function onReplacingInvite(turn: Turn, event: Extract<CallEvent, { kind: "replacing-invite" }>): void {
  void turn;
  void event;
}
