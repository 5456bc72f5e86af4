/**
 * Frames an application sends, as read by the edge and written by the worker. Forms: the drachtio application protocol as spoken by
 * drachtio-server 0.9 and drachtio-srf 5, plus the tokens named in docs/architecture.md.
 */
export type AppFrame =
  | { readonly kind: "authenticate"; readonly id: string; readonly secret: string; readonly tags: readonly string[] }
  | { readonly kind: "route" | "remove-route"; readonly id: string; readonly verb: string }
  | { readonly kind: "ping"; readonly id: string }
  | HoldAppFrame
  | AcknowledgedAppFrame
  | SipAppFrame
  | ProxyAppFrame
  | { readonly kind: "malformed"; readonly id: string; readonly reason: MalformedReason };

/** Texts of drachtio-server; each is answered with `NO|<text>` and the connection closed. */
type MalformedReason = "Invalid message format" | "Unknown message type" | "transaction id missing";

/** A SIP request or response to send. Empty tokens are empty strings. */
export interface SipAppFrame {
  readonly kind: "sip";
  readonly id: string;
  /** Set in responses and in CANCEL; `adopt` in an INVITE that another edge received, whose next hop is where it came from. */
  readonly transactionId: string;
  /** Set in requests inside a dialog that the edge keeps for the application. */
  readonly dialogId: string;
  /** Next hop as a SIP URI. */
  readonly nextHop: string;
  /** Name of the local listener to send from. */
  readonly listener: string;
  /** Milliseconds an address may stay silent before the transaction ends; null: 64*T1. */
  readonly timeoutMs: number | null;
  /** Branch of the request's top Via; empty: one of the edge's own. */
  readonly branch: string;
  /** Sent-by of that Via (`host` or `host:port`); empty: that of the listener. */
  readonly sentBy: string;
  readonly text: string;
}

/** The transaction, of either side, belongs to an emergency call that is set up: an edge told to end waits for it. */
export interface HoldAppFrame {
  readonly kind: "hold";
  readonly id: string;
  readonly transactionId: string;
  /** It came again by another edge: nothing waits for this one any more. */
  readonly off: boolean;
}

/** The ACK of the 2xx to that INVITE came by another edge. */
export interface AcknowledgedAppFrame {
  readonly kind: "acknowledged";
  readonly id: string;
  readonly transactionId: string;
}

/** Asks the edge to proxy a request it delivered. */
export interface ProxyAppFrame {
  readonly kind: "proxy";
  readonly id: string;
  readonly transactionId: string;
  readonly recordRoute: boolean;
  readonly fullResponse: boolean;
  readonly followRedirects: boolean;
  readonly simultaneous: boolean;
  /** Milliseconds to wait for any response of a branch; null: no limit of its own. */
  readonly provisionalTimeoutMs: number | null;
  /** Milliseconds to wait for the final response of a branch; null: no limit of its own. */
  readonly finalTimeoutMs: number | null;
  readonly targets: readonly string[];
  /** A request whose header lines are added to the forwarded one. */
  readonly text: string;
}

/** Reads one payload. Never fails: what cannot be understood is `malformed`. */
export function parseAppFrame(payload: string): AppFrame {
  const end = payload.indexOf("\r\n");
  const tokens = (end < 0 ? payload : payload.slice(0, end)).split("|");
  const id = tokens[0] ?? "";
  const text = end < 0 ? "" : payload.slice(end + 2);
  switch (tokens[1]) {
    case "sip":
      return parseSip(id, tokens, text);
    case "authenticate":
      return { kind: "authenticate", id, secret: tokens[2] ?? "", tags: (tokens[3] ?? "").split(",").filter(Boolean) };
    case "route":
      return parseRoute("route", id, tokens);
    case "remove_route":
      return parseRoute("remove-route", id, tokens);
    case "ping":
      return { kind: "ping", id };
    case "hold":
      return { kind: "hold", id, transactionId: tokens[2] ?? "", off: tokens[3] === "off" };
    case "acknowledged":
      return { kind: "acknowledged", id, transactionId: tokens[2] ?? "" };
    case "proxy":
      return parseProxy(id, tokens, text);
    case undefined:
      return { kind: "malformed", id, reason: "Invalid message format" };
    default:
      return { kind: "malformed", id, reason: "Unknown message type" };
  }
}

function parseSip(id: string, tokens: readonly string[], text: string): AppFrame {
  if (text === "" || tokens.length < 3) return { kind: "malformed", id, reason: "Invalid message format" };
  return {
    kind: "sip",
    id,
    transactionId: tokens[2] ?? "",
    dialogId: tokens[3] ?? "",
    nextHop: tokens[4] ?? "",
    listener: tokens[5] ?? "",
    timeoutMs: parseTimeout(tokens[6]),
    branch: tokens[7] ?? "",
    sentBy: tokens[8] ?? "",
    text,
  };
}

function parseRoute(kind: "route" | "remove-route", id: string, tokens: readonly string[]): AppFrame {
  const verb = tokens[2] ?? "";
  return verb === "" ? { kind: "malformed", id, reason: "Invalid message format" } : { kind, id, verb };
}

function parseProxy(id: string, tokens: readonly string[], text: string): AppFrame {
  const transactionId = tokens[2] ?? "";
  if (transactionId === "") return { kind: "malformed", id, reason: "transaction id missing" };
  const targets = tokens.slice(9).filter(Boolean);
  if (targets.length === 0) return { kind: "malformed", id, reason: "Invalid message format" };
  return {
    kind: "proxy",
    id,
    transactionId,
    recordRoute: tokens[3] === "remainInDialog",
    fullResponse: tokens[4] === "fullResponse",
    followRedirects: tokens[5] === "followRedirects",
    simultaneous: tokens[6] === "simultaneous",
    provisionalTimeoutMs: parseTimeout(tokens[7]),
    finalTimeoutMs: parseTimeout(tokens[8]),
    targets,
    text,
  };
}

const MAX_TIMEOUT_MS = 3_600_000;

/** `2s`, `1500ms`; anything else means no limit of its own. */
function parseTimeout(token: string | undefined): number | null {
  const match = /^(\d{1,7})(ms|s)$/.exec(token ?? "");
  if (match === null) return null;
  return Math.min(Number(match[1]) * (match[2] === "s" ? 1000 : 1), MAX_TIMEOUT_MS);
}

/** `sip` frame; `text` is the SIP message. Trailing empty tokens beyond the dialog id are left out. */
export function formatSipAppFrame(frame: Omit<SipAppFrame, "kind">): string {
  const start = `${frame.id}|sip|${frame.transactionId}|${frame.dialogId}`;
  const timeout = frame.timeoutMs === null ? "" : `${frame.timeoutMs}ms`;
  const whole = `${start}|${frame.nextHop}|${frame.listener}|${timeout}|${frame.branch}`;
  if (frame.sentBy !== "") return `${whole}|${frame.sentBy}\r\n${frame.text}`;
  if (frame.branch !== "") return `${whole}\r\n${frame.text}`;
  if (timeout !== "") return `${start}|${frame.nextHop}|${frame.listener}|${timeout}\r\n${frame.text}`;
  if (frame.listener !== "") return `${start}|${frame.nextHop}|${frame.listener}\r\n${frame.text}`;
  if (frame.nextHop !== "") return `${start}|${frame.nextHop}\r\n${frame.text}`;
  return `${start}\r\n${frame.text}`;
}

/** In the place of a verb: an edge that closes leaves this worker's INVITEs over UDP to it, for another edge of the pool goes on with them. */
export const LEAVE = "leave-invites";

/** Transaction id of the frame that asks an edge to go on with an INVITE which another one received. */
export const ADOPT = "adopt";

/** `hold` frame. Only for edges that say that they hold: to another one it is an unknown message, which ends the connection. */
export function formatHoldFrame(id: string, transactionId: string): string {
  return `${id}|hold|${transactionId}`;
}

/** The opposite of `hold`; to an edge that does not know it the same again. */
export function formatUnholdFrame(id: string, transactionId: string): string {
  return `${id}|hold|${transactionId}|off`;
}

/** `acknowledged` frame. Only for edges that say that they take it, as with `hold`. */
export function formatAcknowledgedFrame(id: string, transactionId: string): string {
  return `${id}|acknowledged|${transactionId}`;
}

/** `route` or `remove_route` frame. */
export function formatRouteFrame(id: string, verb: string, add: boolean): string {
  return `${id}|${add ? "route" : "remove_route"}|${verb}`;
}
