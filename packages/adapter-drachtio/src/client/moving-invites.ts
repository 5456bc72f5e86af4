import type { ServerTransaction, SipApplication } from "@tandem/call-control";
import type { Failure, Result } from "@tandem/domain";
import type { EdgeAccess } from "../edge-access.ts";
import { cancelOf } from "../made-up-cancel.ts";
import type { StrandedInvite } from "./served-requests.ts";

/** An edge that can go on with INVITEs of another one. */
export interface NewPlace extends EdgeAccess {
  /** Told the name under which the application knows an INVITE that was answered before it came here. */
  alias?(id: string, known: ServerTransaction): void;
}

/**
 * No edge can answer it any more: its connection ended with its edge (RFC 3261 §17.1.4), or no other edge takes it. To the application it is cancelled, so that nobody rings on for nobody. One
 * that was answered stands: its ACK may come over a new connection.
 */
export function dropInvite({ request, answer }: StrandedInvite, app: SipApplication): void {
  const { message, transaction } = request;
  if (answer !== null) return;
  app.onCancel(transaction, cancelOf(message, "Connection lost"));
}

/**
 * Another edge goes on with a stranded INVITE by this transaction. One without a final answer reaches the application as the same INVITE by another edge, as if the caller
 * had repeated it. One that was answered gets the same answer once more, and the application does not notice. @returns how that is sent
 */
export function movesTo(
  { request, answer }: StrandedInvite,
  { place, transaction }: { readonly place: NewPlace; readonly transaction: ServerTransaction },
  app: SipApplication,
): Promise<Result<void, Failure>> | null {
  if (answer === null) {
    app.onRequest({ ...request, transaction, redelivered: true, adopted: true });
    return null;
  }
  place.alias?.(transaction.id, request.transaction);
  return place.respond(transaction.id, answer);
}
