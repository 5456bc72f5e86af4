import {
  getParameter,
  headerAddresses,
  headerValues,
  parseParameters,
  userParts,
  parseUri,
  type SipMessage,
} from "@tandem/sip";
import type { LocateQuery } from "./locate-query.ts";

/** What the topology and the transport know of the caller. */
export interface CallerPlace {
  /** The caller's network address; null when none is known. */
  readonly address: string | null;
  /** Calling number of From. */
  readonly number: string;
}

/**
 * Where a caller is connected, as far as its request says. The access network is P-Access-Network-Info (RFC 7315 §5.4): `i-wlan-node-id` is the BSSID of
 * the access point, `eth-location` names switch and port (`<chassis>|<port>`, or the chassis alone). What the network provided (`np`) counts before what
 * the phone says of itself; both are hints of where help is needed, never a permission. Numbers are those of P-Asserted-Identity, then From.
 */
export function locateQuery(request: SipMessage, { address, number }: CallerPlace): LocateQuery {
  const access = accessNetworks(request);
  const bssid = firstOf(access, "i-wlan-node-id");
  const [chassis, port] = splitLocation(firstOf(access, "eth-location"));
  const asserted = headerAddresses(request, "P-Asserted-Identity").map(({ uri }) => numberIn(uri));
  const numbers = [...new Set([...asserted, number])].filter((each) => each !== "");
  return {
    ...(bssid === undefined ? {} : { bssid }),
    ...(chassis === undefined ? {} : { chassis }),
    ...(port === undefined ? {} : { port }),
    ...(address === null ? {} : { address }),
    ...(numbers.length === 0 ? {} : { numbers }),
  };
}

type Parameters = NonNullable<ReturnType<typeof parseParameters>>;

/** Parameters of the access networks named, those that the network itself provided first. */
function accessNetworks(request: SipMessage): readonly Parameters[] {
  const named = headerValues(request, "P-Access-Network-Info").flatMap((value) => {
    const semicolon = value.indexOf(";");
    return semicolon < 0 ? [] : (asList(parseParameters(value, semicolon)) ?? []);
  });
  const provided = (params: Parameters): boolean =>
    params.some(([name]) => name.toLowerCase() === "np" || name.toLowerCase() === "network-provided");
  return [...named.filter(provided), ...named.filter((params) => !provided(params))];
}

function asList(params: Parameters | undefined): readonly Parameters[] {
  return params === undefined ? [] : [params];
}

function firstOf(access: readonly Parameters[], name: string): string | undefined {
  for (const params of access) {
    const value = getParameter(params, name);
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

function splitLocation(text: string | undefined): readonly [string | undefined, string | undefined] {
  if (text === undefined) return [undefined, undefined];
  const bar = text.indexOf("|");
  return bar < 0 ? [text, undefined] : [text.slice(0, bar), text.slice(bar + 1)];
}

function numberIn(uri: string): string {
  const parsed = parseUri(uri);
  if (parsed?.kind === "tel") return parsed.number;
  return parsed?.kind === "sip" ? userParts(parsed.user ?? "").name : "";
}
