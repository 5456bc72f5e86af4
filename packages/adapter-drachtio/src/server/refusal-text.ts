/** drachtio-server's words for what went wrong, by the endpoint's reason; applications match some of them. */
const TEXTS: Readonly<Record<string, string>> = {
  "transaction-over": "Response not sent due to unknown transaction",
  "not-a-response": "Unknown server error sending response",
  transport: "transport for response has been shutdown or closed",
  "no-listener": "requested protocol/transport not available",
  closing: "server is shutting down",
};

/** The text after `NOK|` for an application without `octets`. */
export function refusalText(reason: string, detail: string): string {
  if (reason === "bad-next-hop") return `invalid request-uri: ${detail}`;
  return TEXTS[reason] ?? `Unknown server error: ${detail}`;
}
