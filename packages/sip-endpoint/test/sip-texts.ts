/** Requests and responses as test peers write them. */

export interface RequestFields {
  readonly method?: string;
  readonly uri?: string;
  readonly via?: string;
  readonly branch?: string;
  readonly callId?: string;
  readonly fromTag?: string;
  readonly toTag?: string;
  readonly cseq?: number;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** A request of a peer; Via is `SIP/2.0/UDP 10.0.0.1:5060` unless given. */
export function requestText(fields: RequestFields = {}): string {
  const method = fields.method ?? "INVITE";
  const body = fields.body ?? "";
  const to = fields.toTag === undefined ? "" : `;tag=${fields.toTag}`;
  return [
    `${method} ${fields.uri ?? "sip:service@10.0.0.9"} SIP/2.0`,
    `Via: ${fields.via ?? "SIP/2.0/UDP 10.0.0.1:5060"};branch=${fields.branch ?? "z9hG4bKpeer1"}`,
    "Max-Forwards: 70",
    `From: <sip:caller@10.0.0.1>;tag=${fields.fromTag ?? "caller"}`,
    `To: <sip:service@10.0.0.9>${to}`,
    `Call-ID: ${fields.callId ?? "call-1"}`,
    `CSeq: ${fields.cseq ?? 1} ${method}`,
    ...(fields.headers ?? []),
    `Content-Length: ${body.length}`,
    "",
    body,
  ].join("\r\n");
}

/** A peer's response to a request it got, with a To tag. */
export function responseText(
  request: string,
  status: number,
  toTag = "callee",
  headers: readonly string[] = [],
): string {
  const copied = request.split("\r\n").filter((line) => /^(via|from|call-id|cseq|record-route):/i.test(line));
  const to = headerOf(request, "To");
  const tagged = to.includes(";tag=") || status === 100 ? to : `${to};tag=${toTag}`;
  return [`SIP/2.0 ${status} Because`, ...copied, `To: ${tagged}`, ...headers, "Content-Length: 0", "", ""].join(
    "\r\n",
  );
}

/** First value of a header in a message's text. */
export function headerOf(text: string, name: string): string {
  const line = text.split("\r\n").find((each) => each.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line === undefined ? "" : line.slice(name.length + 1).trim();
}

/** The branch in the top Via. */
export function branchOf(text: string): string {
  return /branch=([^;\s]+)/.exec(headerOf(text, "Via"))?.[1] ?? "";
}
