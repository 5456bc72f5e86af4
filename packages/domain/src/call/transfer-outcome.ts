import type { SipMessage } from "@tandem/sip";
import type { StoredResponse } from "./call.ts";
import type { Place, Turn } from "./turn.ts";

/** Nobody took the transferred call: the referrer is told, and the call goes on as it was. */
export function transferFailed(turn: Turn, response: StoredResponse): void {
  void response;
  turn.call.transfer = null;
}

/** How the call to the transfer target fares (RFC 3515 §2.4.4). */
export function tellReferrer(turn: Turn, status: number, reason: string): void {
  void turn;
  void status;
  void reason;
}

/** The transfer target answered. */
export function joinTransfer(turn: Turn, target: Place, response: SipMessage): void {
  void turn;
  void target;
  void response;
}
