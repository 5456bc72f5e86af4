import type { SipMessage } from "./message.ts";

/** Why a text is not a SIP message. */
export type ParseFailureReason =
  | "empty"
  | "too-large"
  | "truncated"
  | "bad-start-line"
  | "start-line-too-long"
  | "unsupported-version"
  | "bad-header-line"
  | "header-line-too-long"
  | "too-many-headers"
  | "bad-line-end"
  | "bad-content-length"
  | "body-shorter-than-content-length";

/** An unreadable message, with what a server needs to answer it. */
export interface ParseFailure {
  readonly reason: ParseFailureReason;
  /** What a server should answer if this was a request (400, 413, 414, 505). */
  readonly status: number;
  /** One static sentence for the reason phrase or a log; holds nothing of the message. */
  readonly detail: string;
  /**
   * The message as far as it could be read, bad lines left out: enough for `responseTo` when `answerable` is true. A Request-URI is empty when that, or the
   * version, could not be read; the body is what came of it. Undefined when not even a method or a status was readable.
   */
  readonly salvaged: SipMessage | undefined;
  /** True when a response can be built and routed: a request other than ACK with Via, From, To, Call-ID and CSeq. */
  readonly answerable: boolean;
}

const FAILURES: Readonly<Record<ParseFailureReason, readonly [status: number, detail: string]>> = {
  empty: [400, "Empty message"],
  "too-large": [513, "Message too large"],
  truncated: [400, "Missing end of headers"],
  "bad-start-line": [400, "Malformed start line"],
  "start-line-too-long": [414, "Request-URI too long"],
  "unsupported-version": [505, "SIP version not supported"],
  "bad-header-line": [400, "Malformed header line"],
  "header-line-too-long": [400, "Header line too long"],
  "too-many-headers": [400, "Too many header lines"],
  "bad-line-end": [400, "CR without LF in headers"],
  "bad-content-length": [400, "Bad Content-Length"],
  "body-shorter-than-content-length": [400, "Body shorter than Content-Length"],
};

const NEEDED_TO_ANSWER = ["Via", "From", "To", "Call-ID", "CSeq"];

/** The failure of that reason, with the request as far as it was read. */
export function parseFailure(reason: ParseFailureReason, partial: SipMessage | undefined): ParseFailure {
  const [status, detail] = FAILURES[reason];
  const salvaged = partial?.kind === "request" && partial.method === "" ? undefined : partial;
  const answerable =
    salvaged?.kind === "request" && salvaged.method !== "ACK" && NEEDED_TO_ANSWER.every((name) => salvaged.has(name));
  return { reason, status, detail, salvaged, answerable };
}
