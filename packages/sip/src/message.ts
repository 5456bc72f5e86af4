/**
 * A SIP message as Tandem holds it. Every string is a *latin1 string*: one character per byte of the datagram, so that bodies,
 * unknown headers and UTF-8 display names pass byte for byte whatever they hold. Only what shows text to people decodes UTF-8.
 */
export interface SipMessage {
  readonly kind: "request" | "response";
  /** Request: as written (case-sensitive, RFC 3261 §7.1). Response: the CSeq method. */
  readonly method: string;
  /** Request-URI as written; empty for responses. */
  readonly uri: string;
  /** 0 for requests. */
  readonly status: number;
  readonly reason: string;
  /** All header lines in order, names as written, values unfolded and trimmed. */
  readonly headers: readonly HeaderLine[];
  readonly body: string;
  /** First value line of a header (any case, compact or long name), or undefined. */
  get(name: string): string | undefined;
  /** Every line of a header, in order. */
  getAll(name: string): readonly string[];
  has(name: string): boolean;
}

export type HeaderLine = readonly [name: string, value: string];
