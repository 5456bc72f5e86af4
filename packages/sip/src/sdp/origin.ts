import { formatSdp, makeSdpLine, parseSdp, type Sdp, type SdpLine } from "./sdp.ts";

/** The o= line (RFC 8866 §5.2). Ids are decimal numbers of any length, so they stay text. */
export interface SdpOrigin {
  readonly username: string;
  readonly sessionId: string;
  readonly version: string;
  readonly address: string;
}

/** What to write into o= and s=; what is left out stays. */
export interface OriginChange extends Partial<SdpOrigin> {
  /** The s= line; `-` says nothing (RFC 8866 §5.3). */
  readonly sessionName?: string;
}

/** The origin of a description; undefined when the o= line is missing or has not six fields. */
export function sdpOrigin(sdp: Sdp): SdpOrigin | undefined {
  const fields = sdp.session.find((line) => line.type === "o")?.value.split(" ");
  const [username, sessionId, version, , , address] = fields ?? [];
  if (username === undefined || sessionId === undefined || version === undefined || address === undefined)
    return undefined;
  return { username, sessionId, version, address };
}

/**
 * The description with o= and s= rewritten, so that neither tells where it comes from (topology hiding) and the version counts from our side of
 * the dialog. Every other line stays byte for byte. A description without a readable o= line only gets its s= line rewritten.
 */
export function withOrigin(sdp: Sdp, change: OriginChange): Sdp {
  const old = sdpOrigin(sdp);
  const session = sdp.session.map((line): SdpLine => {
    if (line.type === "o" && old !== undefined) return originLine({ ...old, ...change });
    if (line.type === "s" && change.sessionName !== undefined) return makeSdpLine("s", change.sessionName);
    return line;
  });
  return { session, media: sdp.media };
}

/** True when two descriptions (texts) are the same but for the version in o=: a repeated offer changes nothing (RFC 4028 §7.4, RFC 3264 §8). */
export function sameSession(a: string, b: string): boolean {
  if (a === b) return true;
  const left = parseSdp(a);
  const right = parseSdp(b);
  if (left === undefined || right === undefined) return false;
  return formatSdp(withOrigin(left, { version: "0" })) === formatSdp(withOrigin(right, { version: "0" }));
}

function originLine(origin: SdpOrigin): SdpLine {
  const family = origin.address.includes(":") ? "IP6" : "IP4";
  const { username, sessionId, version, address } = origin;
  return makeSdpLine("o", `${username} ${sessionId} ${version} IN ${family} ${address}`);
}
