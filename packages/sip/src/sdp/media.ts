import { isDigits } from "../characters.ts";
import type { Sdp, SdpLine, SdpMedia } from "./sdp.ts";

export type MediaDirection = "sendrecv" | "sendonly" | "recvonly" | "inactive";

const DIRECTIONS: readonly string[] = [
  "sendrecv",
  "sendonly",
  "recvonly",
  "inactive",
] satisfies readonly MediaDirection[];

/** One payload type of an RTP media section. */
export interface Codec {
  readonly payload: number;
  /** As written in rtpmap, or the registered name of a static type; empty when neither tells. */
  readonly name: string;
  /** Hz; 0 when unknown. */
  readonly clockRate: number;
  readonly channels: number;
  /** The fmtp parameters as written. */
  readonly format: string | undefined;
}

/** Static payload types in use (RFC 3551 §6). */
const STATIC_TYPES: Readonly<Record<number, readonly [name: string, clockRate: number]>> = {
  0: ["PCMU", 8000],
  3: ["GSM", 8000],
  4: ["G723", 8000],
  8: ["PCMA", 8000],
  9: ["G722", 8000],
  13: ["CN", 8000],
  15: ["G728", 8000],
  18: ["G729", 8000],
  26: ["JPEG", 90_000],
  31: ["H261", 90_000],
  34: ["H263", 90_000],
};

/** Address of the c= line that governs a section: its own, else the session's (RFC 8866 §5.7). */
export function mediaAddress(sdp: Sdp, media: SdpMedia): string | undefined {
  const line = media.lines.find(isConnection) ?? sdp.session.find(isConnection);
  const address = line?.value.split(" ")[2];
  return address?.split("/")[0];
}

/** Direction of a section: its own attribute, else the session's, else sendrecv (RFC 8866 §6.7). */
export function mediaDirection(sdp: Sdp, media: SdpMedia): MediaDirection {
  return ownDirection(media.lines) ?? ownDirection(sdp.session) ?? "sendrecv";
}

/** The codecs of an RTP section in order of preference. */
export function mediaCodecs(media: SdpMedia): readonly Codec[] {
  const maps = byPayload(media.lines, "rtpmap:");
  const formats = byPayload(media.lines, "fmtp:");
  return media.formats.filter(isDigits).map((format) => {
    const payload = Number(format);
    const [name = "", clockRate = "0", channels = "1"] = (maps.get(format) ?? "").split("/");
    const [staticName, staticRate] = STATIC_TYPES[payload] ?? ["", 0];
    return {
      payload,
      name: name === "" ? staticName : name,
      clockRate: name === "" ? staticRate : Number.parseInt(clockRate, 10) || 0,
      channels: Number.parseInt(channels, 10) || 1,
      format: formats.get(format),
    };
  });
}

/**
 * True for an offer that puts the other side on hold: every section in use is sendonly or inactive (RFC 3264 §8.4), or sends to the
 * address 0.0.0.0 as RFC 2543 had it. False when no section is in use.
 */
export function isHold(sdp: Sdp): boolean {
  const used = sdp.media.filter((media) => media.port !== 0);
  return used.length > 0 && used.every((media) => isHeld(sdp, media));
}

function isHeld(sdp: Sdp, media: SdpMedia): boolean {
  const direction = mediaDirection(sdp, media);
  return direction === "sendonly" || direction === "inactive" || mediaAddress(sdp, media) === "0.0.0.0";
}

function isConnection(line: SdpLine): boolean {
  return line.type === "c";
}

function ownDirection(lines: readonly SdpLine[]): MediaDirection | undefined {
  const line = lines.find((each) => each.type === "a" && DIRECTIONS.includes(each.value));
  return line?.value as MediaDirection | undefined;
}

/** `a=<prefix><payload> <rest>` lines by payload; the first of each counts. */
function byPayload(lines: readonly SdpLine[], prefix: string): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const line of lines) {
    if (line.type !== "a" || !line.value.startsWith(prefix)) continue;
    const space = line.value.indexOf(" ");
    const payload = line.value.slice(prefix.length, space);
    if (space > 0 && !map.has(payload)) map.set(payload, line.value.slice(space + 1));
  }
  return map;
}
