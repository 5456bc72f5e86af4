import type { SipMessage } from "../message.ts";
import { parseCSeq, type CSeq } from "../values/sequence.ts";
import { readTag } from "../values/tag.ts";
import { topVia, type Via } from "../values/via.ts";

/** What names a request whatever way it goes: the same in all its copies and, with another CSeq method, in its ACK and CANCEL. */
export interface RequestFacts {
  readonly cseq: CSeq;
  readonly callId: string;
  /** Empty for an RFC 2543 client, which need not send one. */
  readonly fromTag: string;
  readonly toTag: string | undefined;
}

/** What says to which transaction a message belongs. */
export interface TransactionFacts extends RequestFacts {
  readonly via: Via;
}

/** Branches of RFC 3261 begin so (§8.1.1.7); branches are tokens, so case does not matter (§7.3.1). */
const MAGIC_COOKIE = "z9hg4bk";

/** Reads the facts; undefined when CSeq, Call-ID, From or To is missing or unreadable. */
export function requestFacts(message: SipMessage): RequestFacts | undefined {
  const callId = message.get("Call-ID");
  const from = message.get("From");
  const to = message.get("To");
  if (callId === undefined || callId === "" || from === undefined || to === undefined) return undefined;
  const cseq = parseCSeq(message.get("CSeq") ?? "");
  return cseq === undefined ? undefined : { cseq, callId, fromTag: readTag(from) ?? "", toTag: readTag(to) };
}

/** The same with the top Via; undefined when that is missing or unreadable too: such a message belongs to no transaction. */
export function transactionFacts(message: SipMessage): TransactionFacts | undefined {
  const via = topVia(message);
  if (via === undefined) return undefined;
  const facts = requestFacts(message);
  return facts === undefined ? undefined : { ...facts, via };
}

/** Key of a client transaction, from its request or from a response (RFC 3261 §17.1.3): the branch and the CSeq method. */
export function clientTransactionKey(branch: string, method: string): string {
  return `${method} ${branch}`;
}

/**
 * Key of the server transaction of a request (RFC 3261 §17.2.3). An ACK has the key of its INVITE. `method`: another than the
 * request's own; `INVITE` with a CANCEL gives the INVITE it cancels (§9.2; a CANCEL of another method could have no effect).
 *
 * A branch without the magic cookie is an RFC 2543 client's: then Request-URI, tags, Call-ID, CSeq and the whole top Via decide. The To
 * tag is left out there, because ACK and CANCEL carry another than the INVITE; Call-ID, From tag and CSeq tell enough.
 */
export function serverTransactionKey(request: SipMessage, facts: TransactionFacts, method?: string): string {
  const own = method ?? request.method;
  const matched = own === "ACK" ? "INVITE" : own;
  const { via, cseq, callId, fromTag } = facts;
  const sentBy = `${via.host.toLowerCase()}:${via.port ?? ""}`;
  const branch = via.branch ?? "";
  if (hasMagicCookie(branch)) return `${matched} ${branch} ${sentBy}`;
  return `${matched} ${request.uri} ${callId} ${fromTag} ${cseq.sequence} ${via.transport} ${sentBy} ${branch}`;
}

/**
 * What requests of one CSeq have in common whatever way they came: Call-ID, From tag, CSeq. The ACK to a 2xx has that of its INVITE
 * (§13.2.2.4 gives it a branch of its own), and a request without a To tag that shares it with one under way under another
 * transaction key was merged on its way and gets 482 (§8.2.2.2).
 */
export function requestKey(facts: RequestFacts): string {
  const method = facts.cseq.method === "ACK" ? "INVITE" : facts.cseq.method;
  return `${method} ${facts.cseq.sequence} ${facts.fromTag} ${facts.callId}`;
}

/** The cookie alone says nothing that would tell one transaction from another (RFC 4475 §3.2.1). */
function hasMagicCookie(branch: string): boolean {
  return branch.length > MAGIC_COOKIE.length && branch.slice(0, MAGIC_COOKIE.length).toLowerCase() === MAGIC_COOKIE;
}
