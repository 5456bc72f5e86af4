import type { ServerTransaction, SipApplication } from "@tandem/call-control";
import { buildRequest, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { EdgeAccess } from "../edge-access.ts";
import type { StrandedInvite } from "./served-invites.ts";

/** An edge that can go on with INVITEs of another one. */
export interface NewPlace extends EdgeAccess {
  /** Told the name under which the application knows an INVITE that was answered before it came here. */
  alias?(id: string, known: ServerTransaction): void;
}

/** Those whose answers find their way from another edge, and those whose connection ended with their edge. */
export function byTransport(stranded: readonly StrandedInvite[]): [StrandedInvite[], StrandedInvite[]] {
  const isMovable = ({ request }: StrandedInvite): boolean => request.source.transport === "udp";
  return [stranded.filter(isMovable), stranded.filter((invite) => !isMovable(invite))];
}

/** Headers that a CANCEL has in common with its INVITE (RFC 3261 §9.1). */
const SHARED = ["Via", "From", "To", "Call-ID"] as const;

/**
 * The connection of the caller ended with its edge, and with it the INVITE (RFC 3261 §17.1.4): to the application it is cancelled, so that nobody rings on for nobody. One that was answered
 * stands: its ACK may come over a new connection.
 */
export function dropInvite({ request, answer }: StrandedInvite, app: SipApplication): void {
  const { message, transaction } = request;
  if (answer !== null) return;
  const shared = SHARED.map((name): HeaderLine => [name, message.get(name) ?? ""]);
  const number = (message.get("CSeq") ?? "").split(" ", 1)[0] ?? "";
  const headers: readonly HeaderLine[] = [
    ...shared,
    ["CSeq", `${number} CANCEL`],
    ["Reason", 'SIP;cause=503;text="Connection lost"'],
  ];
  app.onCancel(transaction, buildRequest({ method: "CANCEL", uri: message.uri, headers }));
}

/**
 * Brings a stranded INVITE to another edge. One without a final answer reaches the application as the same INVITE by another edge, as if the caller had repeated it. One
 * that was answered gets the same answer once more, and the application does not notice.
 */
export function moveInvite(stranded: StrandedInvite, place: NewPlace, app: SipApplication): void {
  const { request, answer } = stranded;
  place.adopt(request, (transaction) => {
    if (transaction === null) return;
    if (answer === null) app.onRequest({ ...request, transaction, redelivered: true });
    else answerAgain(place, transaction, { known: request.transaction, answer });
  });
}

function answerAgain(
  place: NewPlace,
  { id }: ServerTransaction,
  { known, answer }: { readonly known: ServerTransaction; readonly answer: SipMessage },
): void {
  place.alias?.(id, known);
  void place.respond(id, answer);
}
