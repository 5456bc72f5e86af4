import type { CallEvent } from "./event.ts";
import type { Turn } from "./turn.ts";

/** Where the transfer target can be reached. */
export function onTransferRouted(turn: Turn, event: Extract<CallEvent, { kind: "transfer-routed" }>): void {
  void turn;
  void event;
}
