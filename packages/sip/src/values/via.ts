import { CHAR, isBlank, readDecimal } from "../characters.ts";
import { HEADER_ID } from "../header-name.ts";
import type { SipMessage } from "../message.ts";
import { asTextMessage } from "../text-message.ts";
import { readHost } from "../address/host.ts";
import { Cursor } from "./cursor.ts";
import { firstOfList } from "./list.ts";
import { formatParameters, parseParameters, type ParameterList } from "./parameters.ts";

/** One Via value (RFC 3261 §20.42). */
export interface Via {
  /** Upper case: `UDP`, `TCP`, `TLS`, `WSS`, or whatever else was written. */
  readonly transport: string;
  /** As written; IPv6 in brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly params: ParameterList;
  readonly branch: string | undefined;
  /** Source address the next element saw, without brackets (RFC 5118 §4.5: both forms are found). */
  readonly received: string | undefined;
  /** RFC 3581: `requested` when the parameter has no value yet. */
  readonly rport: number | "requested" | undefined;
  readonly maddr: string | undefined;
  readonly ttl: number | undefined;
}

/** Reads one Via value; undefined when it is not one of SIP/2.0. */
export function parseVia(value: string): Via | undefined {
  const cursor = new Cursor(value);
  if (!eatVersion(cursor)) return undefined;
  const transport = cursor.token();
  if (transport === "" || !isBlank(cursor.code)) return undefined;
  cursor.skipBlanks();
  const host = readHost(value, cursor.at);
  if (host === undefined) return undefined;
  cursor.at += host.length;
  let port: number | undefined;
  if (cursor.eat(CHAR.colon)) {
    port = readPort(cursor);
    if (port === undefined) return undefined;
  }
  const params = parseParameters(value, cursor.at);
  return params === undefined ? undefined : viaOf({ transport: transport.toUpperCase(), host, port, params });
}

/** First Via value of a message; undefined when there is none or it is unreadable. */
export function topVia(message: SipMessage): Via | undefined {
  const value = asTextMessage(message).line(HEADER_ID.via)?.value;
  return value === undefined ? undefined : parseVia(firstOfList(value));
}

/** The value as text: `SIP/2.0/UDP host:port;params`. Only `params` are written; change them to change branch, received or rport. */
export function formatVia(via: Pick<Via, "transport" | "host" | "port" | "params">): string {
  const port = via.port === undefined ? "" : `:${via.port}`;
  return `SIP/2.0/${via.transport} ${via.host}${port}${formatParameters(via.params)}`;
}

/** Consumes `SIP/2.0/`, with blanks around the slashes as RFC 3261 §25.1 allows. */
function eatVersion(cursor: Cursor): boolean {
  if (cursor.text.startsWith("SIP/2.0/")) {
    cursor.at = 8;
    cursor.skipBlanks();
    return true;
  }
  cursor.skipBlanks();
  const protocol = cursor.token();
  if (protocol.toUpperCase() !== "SIP" || !cursor.eat(CHAR.slash)) return false;
  return cursor.token() === "2.0" && cursor.eat(CHAR.slash);
}

function readPort(cursor: Cursor): number | undefined {
  const start = cursor.at;
  while (cursor.code >= 48 && cursor.code <= 57) cursor.at++;
  return readDecimal(cursor.text.slice(start, cursor.at), 65_535);
}

type SentBy = Pick<Via, "transport" | "host" | "port" | "params">;

/** The value with its well-known parameters, found in one pass; the first of a name counts. */
function viaOf(sentBy: SentBy): Via {
  let branch: string | undefined;
  let received: string | undefined;
  let rport: Via["rport"];
  let maddr: string | undefined;
  let ttl: number | undefined;
  for (const [name, value] of sentBy.params) {
    switch (name.toLowerCase()) {
      case "branch":
        branch ??= value;
        break;
      case "received":
        received ??= withoutBrackets(value);
        break;
      case "rport":
        rport ??= value === undefined || value === "" ? "requested" : readDecimal(value, 65_535);
        break;
      case "maddr":
        maddr ??= value;
        break;
      case "ttl":
        ttl ??= readDecimal(value ?? "", 255);
        break;
      default:
    }
  }
  return { ...sentBy, branch, received, rport, maddr, ttl };
}

function withoutBrackets(address: string | undefined): string | undefined {
  return address?.startsWith("[") === true && address.endsWith("]") ? address.slice(1, -1) : address;
}
