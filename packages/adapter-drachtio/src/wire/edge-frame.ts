/**
 * Frames the edge sends, as written by the edge and read by the worker. The token positions are those drachtio-srf 5 reads;
 * tokens 12 to 14 of a `sip` frame, `told` in its token 10 and the version token's suffix are Tandem's (docs/architecture.md).
 */
export type EdgeFrame = SipEdgeFrame | ReplyFrame | { readonly kind: "other" };

/** A SIP message from the network, or one the edge made itself (`source` application). */
export interface SipEdgeFrame {
  readonly kind: "sip";
  readonly id: string;
  readonly source: "network" | "application";
  /** Octets of the message on the network; 0 for a response made up by the edge (no answer came). */
  readonly bytes: number;
  readonly transport: string;
  readonly address: string;
  readonly port: number;
  /** `HH:MM:SS.uuuuuu` UTC, when it came; to an application with `octets` how long it has waited at the edge since (`formatWait`), by no clock of another machine. */
  readonly time: string;
  /** Transaction id, or `unsolicited`, or `ack-timeout` (then the dialog id holds the transaction id). */
  readonly transactionId: string;
  readonly dialogId: string;
  /** Only on requests that belong to no dialog kept for the application. */
  readonly arrival: Arrival | null;
  /** Of an answer that nobody acknowledged at the edge: an application that may have the call was told it before. */
  readonly told?: true;
  readonly text: string;
}

/** Where and how a request arrived. */
export interface Arrival {
  readonly localAddress: string;
  readonly localPort: number;
  readonly listener: string;
  /** Names in the peer's verified certificate. */
  readonly identities: readonly string[];
  readonly redelivered: boolean;
}

/** Answer to a frame of the application. */
export interface ReplyFrame {
  readonly kind: "reply";
  /** Message id of the frame answered. */
  readonly to: string;
  readonly outcome: "OK" | "NOK" | "NO";
  /** The token after the outcome: reason of a failure, `hostports` after authenticate, `application` after a SIP message. */
  readonly detail: string;
  /** Server version and additions, only after authenticate; after a ping of a client with the tag `beats` how long what comes over UDP waits there, milliseconds. */
  readonly version: string;
  /** After such a ping only: new calls a second that come to the edge. */
  readonly callsPerSecond: string;
  /** Transaction id, only after a SIP message. */
  readonly transactionId: string;
}

/** Reads one payload on the worker's side. */
export function parseEdgeFrame(payload: string): EdgeFrame {
  const end = payload.indexOf("\r\n");
  const tokens = (end < 0 ? payload : payload.slice(0, end)).split("|");
  if (tokens[1] === "sip") return parseSip(tokens, end < 0 ? "" : payload.slice(end + 2));
  if (tokens[1] !== "response") return { kind: "other" };
  const outcome = tokens[3];
  return {
    kind: "reply",
    to: tokens[2] ?? "",
    outcome: outcome === "OK" || outcome === "NOK" ? outcome : "NO",
    detail: tokens[4] ?? "",
    version: tokens[5] ?? "",
    callsPerSecond: tokens[6] ?? "",
    transactionId: tokens[10] ?? "",
  };
}

function parseSip(tokens: readonly string[], text: string): SipEdgeFrame {
  return {
    kind: "sip",
    id: tokens[0] ?? "",
    source: tokens[2] === "application" ? "application" : "network",
    bytes: Number(tokens[3] ?? 0),
    transport: tokens[4] ?? "",
    address: tokens[5] ?? "",
    port: Number(tokens[6] ?? 0),
    time: tokens[7] ?? "",
    transactionId: tokens[8] ?? "",
    dialogId: tokens[9] ?? "",
    arrival:
      tokens.length < 13
        ? null
        : {
            localAddress: tokens[10] ?? "",
            localPort: Number(tokens[11] ?? 0),
            listener: tokens[12] ?? "",
            identities: (tokens[13] ?? "").split(",").filter(Boolean),
            redelivered: tokens[14] === "redelivered",
          },
    ...(tokens.length === 11 && tokens[10] === "told" ? { told: true as const } : {}),
    text,
  };
}

/** `<milliseconds>ms`; empty: no time worth telling. */
export function formatWait(ms: number): string {
  return ms >= 1 ? `${Math.round(ms)}ms` : "";
}

/** Milliseconds; 0 for whatever else stands there. */
export function readWait(time: string): number {
  const found = /^(\d{1,9})ms$/.exec(time);
  return found === null ? 0 : Number(found[1]);
}

/** `sip` frame. Requests with an arrival carry tokens 10 and on; everything else ends with a token after the dialog id that is empty or `told`. */
export function formatSipEdgeFrame(frame: Omit<SipEdgeFrame, "kind">): string {
  const told = frame.told === true ? "told" : "";
  const tail = frame.arrival === null ? told : formatArrival(frame.arrival);
  return `${frame.id}|sip|${frame.source}|${frame.bytes}|${frame.transport}|${frame.address}|${frame.port}|${frame.time}|${frame.transactionId}|${frame.dialogId}|${tail}\r\n${frame.text}`;
}

function formatArrival(arrival: Arrival): string {
  const local = `${arrival.localAddress}|${arrival.localPort}|${arrival.listener}`;
  if (!arrival.redelivered && arrival.identities.length === 0) return local;
  return `${local}|${arrival.identities.filter(isToken).join(",")}|${arrival.redelivered ? "redelivered" : ""}`;
}

/** A certificate may name anything; what would break the token line is left out, which can only lose an identity, never add one. */
function isToken(name: string): boolean {
  return !/[|,\r\n]/.test(name);
}

/** Tokens 5 to 9 of a reply that echoes what was sent. */
export interface SentMeta {
  readonly bytes: number;
  readonly transport: string;
  readonly address: string;
  readonly port: number;
  readonly time: string;
}

/** The application asked for `octets`: the reply carries the transaction id alone. */
export function formatBriefReply(id: string, to: string, transactionId: string): string {
  return `${id}|response|${to}|OK|application|0|||||${transactionId}`;
}

/** Reply to a request that was sent: the text follows the transaction id directly, there is no dialog id. */
export function formatRequestSent(
  id: string,
  to: string,
  sent: SentMeta & { transactionId: string; text: string },
): string {
  return `${id}|response|${to}|OK|application|${formatMeta(sent)}|${sent.transactionId}|Msg sent:|\r\n${sent.text}`;
}

/** Reply to a response that was sent: dialog id and an empty token stand before the text. */
export function formatResponseSent(
  id: string,
  to: string,
  sent: SentMeta & { transactionId: string; dialogId: string; text: string },
): string {
  return `${id}|response|${to}|OK|application|${formatMeta(sent)}|${sent.transactionId}|${sent.dialogId}||Msg sent:|\r\n${sent.text}`;
}

/** Report of a proxied branch's final response; token 12 `continue` promises more. */
export function formatProxyResponse(id: string, to: string, received: SentMeta & { text: string }): string {
  return `${id}|response|${to}|OK|network|${formatMeta(received)}|||continue\r\n${received.text}`;
}

function formatMeta(meta: SentMeta): string {
  return `${meta.bytes}|${meta.transport}|${meta.address}|${meta.port}|${meta.time}`;
}

/** A reply of a few tokens: `OK`, `OK|pong`, `OK|done`, `NOK|<text>`, `NO|<text>`. */
export function formatReply(id: string, to: string, outcome: string): string {
  return `${id}|response|${to}|${outcome}`;
}

/** What an edge tells about itself in the version token; `edge` and `pool` are absent for a stock server. */
export interface EdgeIdentity {
  readonly edge: string | null;
  /** Its listeners as it was configured, each `name:transport:port` (port 0: any); null when it does not say. */
  readonly listeners: readonly string[] | null;
  readonly pool: string | null;
  /** Its process, of which a later one with the same id differs; empty when it does not say. */
  readonly instance: string;
  /** Sent-by (`host:port`) of what its listeners send, by their names; empty when it does not say. */
  readonly sentBy: ReadonlyMap<string, string>;
  /** It goes on with INVITEs that another edge received, and asks workers that stand aside where no other is. */
  readonly adopts: boolean;
  /** It is told which transactions an edge that ends has to wait for. */
  readonly holds: boolean;
  /** It is told of ACKs that came by another edge. */
  readonly hearsAcks: boolean;
}

/**
 * `v0.9.10-tandem;edge=<id>;pool=<name>;listeners=<name>:<transport>:<port>,…;instance=<id>;sent-by=<listener>@<host:port>,…;adopts;holds;hears-acks`: drachtio-srf reads the three numbers (it pings
 * servers from v0.8.2 on), the worker the rest.
 */
export function formatVersion({ edge, pool, listeners, instance, sentBy }: ToldIdentity): string {
  const told = Array.from(sentBy, ([listener, hostport]) => `${listener}@${hostport}`).join(",");
  const whole = `v0.9.10-tandem;edge=${edge};pool=${pool};listeners=${listeners.join(",")};instance=${instance}`;
  return `${whole};sent-by=${told};adopts;holds;hears-acks`;
}

/** What an edge of ours tells of itself. */
export interface ToldIdentity extends Pick<EdgeIdentity, "instance" | "sentBy"> {
  readonly edge: string;
  readonly pool: string;
  readonly listeners: readonly string[];
}

/** Reads the version token. */
export function parseVersion(version: string): EdgeIdentity {
  let edge: string | null = null;
  let pool: string | null = null;
  let listeners: readonly string[] | null = null;
  let adopts = false;
  let holds = false;
  let hearsAcks = false;
  let instance = "";
  let sentBy: ReadonlyMap<string, string> = new Map();
  for (const part of version.split(";").slice(1)) {
    if (part.startsWith("edge=")) edge = part.slice(5);
    else if (part.startsWith("pool=")) pool = part.slice(5);
    else if (part.startsWith("listeners=")) listeners = part.slice(10).split(",").filter(Boolean);
    else if (part.startsWith("instance=")) instance = part.slice(9);
    else if (part.startsWith("sent-by=")) sentBy = parseSentBy(part.slice(8));
    else if (part === "adopts") adopts = true;
    else if (part === "holds") holds = true;
    else if (part === "hears-acks") hearsAcks = true;
  }
  return { edge, pool, listeners, instance, sentBy, adopts, holds, hearsAcks };
}

function parseSentBy(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(",").map((pair) => [pair.slice(0, pair.indexOf("@")), pair.slice(pair.indexOf("@") + 1)]);
  return new Map(pairs.filter((pair): pair is [string, string] => pair[0] !== ""));
}
