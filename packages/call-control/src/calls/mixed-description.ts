import { isHold, mediaAddress, mediaCodecs, mediaDirection, parseSdp, type Codec, type SdpMedia } from "@tandem/sip";
import type { MediaAddress, MixedFormat, MixedFormats } from "../ports/index.ts";

/** What a mixer understands: the two laws of G.711, digits (RFC 4733), and comfort noise (RFC 3389), which is silence to it. */
const MIXED: readonly MixedFormat[] = ["PCMU", "PCMA", "telephone-event", "CN"];

/** What comes along with audio, and is none. */
const BESIDE_AUDIO: ReadonlySet<MixedFormat | null> = new Set(["telephone-event", "CN"]);

/** A mixer's own offer to a desk. */
export const DESK_FORMATS: MixedFormats = { 0: "PCMU", 8: "PCMA", 101: "telephone-event" };

/**
 * How a mixer can talk to `own`, who talks to `other` now: in the formats of `own` that both have. Null where the two are not to be mixed: unless they talk
 * plain audio (RTP/AVP) both ways in one stream, and in G.711 alone, the direct way does more for them than a mixer could.
 */
export function formatsBetween(own: string, other: string): MixedFormats | null {
  const [ownAudio, otherAudio] = [onlyAudio(own), onlyAudio(other)];
  if (ownAudio === null || otherAudio === null) return null;
  const shared = new Set(mediaCodecs(otherAudio).map(nameOf));
  const common = mediaCodecs(ownAudio).filter((codec) => shared.has(nameOf(codec)));
  const audio = common.filter((codec) => !BESIDE_AUDIO.has(formatOf(codec)));
  if (audio.length === 0 || audio.some((codec) => formatOf(codec) === null)) return null;
  return formatsOf(common.filter((codec) => formatOf(codec) !== "CN"));
}

/** The formats of a description's first stream that a mixer understands. */
export function formatsIn(description: string): MixedFormats {
  const media = parseSdp(description)?.media[0];
  return media === undefined ? {} : formatsOf(mediaCodecs(media));
}

/** Where the first stream of a description is; null: nowhere. */
export function addressIn(description: string): MediaAddress | null {
  const sdp = parseSdp(description);
  const media = sdp?.media[0];
  const address = sdp === undefined || media === undefined ? undefined : mediaAddress(sdp, media);
  return address === undefined || media === undefined || media.port === 0 ? null : { address, port: media.port };
}

/** Whether who describes itself so wants to be heard: one that holds, and plays music, does not. */
export function wantsToTalk(description: string): boolean {
  return onlyAudio(description) !== null;
}

/** Whether a description puts on hold. */
export function holds(description: string): boolean {
  const sdp = parseSdp(description);
  return sdp !== undefined && isHold(sdp);
}

/** A description of a mixer's port. */
export function describeMixer(at: MediaAddress, formats: MixedFormats, direction: "sendrecv" | "sendonly"): string {
  const maps = Object.entries(formats).map(([type, name]) => `a=rtpmap:${type} ${name}/8000`);
  const lines = [
    "v=0",
    `o=- 1 1 IN ${addressTypeOf(at)} ${at.address}`,
    "s=-",
    `c=IN ${addressTypeOf(at)} ${at.address}`,
    "t=0 0",
    `m=audio ${at.port} RTP/AVP ${Object.keys(formats).join(" ")}`,
    ...maps,
    "a=ptime:20",
    `a=${direction}`,
    "",
  ];
  return lines.join("\r\n");
}

/** The answer of a mixer's port to an offer of a copy: with all its formats, so that the relay need not change any into another. */
export function acceptAt(at: MediaAddress, offer: string): string {
  return offer
    .replaceAll(/^c=IN .*$/gm, `c=IN ${addressTypeOf(at)} ${at.address}`)
    .replace(/^m=audio \d+/m, `m=audio ${at.port}`)
    .replaceAll(/^a=rtcp:.*\r\n/gm, "")
    .replaceAll(/^a=sendonly\b/gm, "a=recvonly");
}

/** The one stream there is, when it is plain audio both ways. */
function onlyAudio(description: string): SdpMedia | null {
  const sdp = parseSdp(description);
  const [media, ...others] = sdp?.media ?? [];
  if (sdp === undefined || media === undefined || others.length > 0) return null;
  const plain = media.kind === "audio" && media.protocol === "RTP/AVP" && media.port !== 0;
  const held = mediaDirection(sdp, media) !== "sendrecv" || mediaAddress(sdp, media) === "0.0.0.0";
  return plain && !held ? media : null;
}

function formatsOf(codecs: readonly Codec[]): MixedFormats {
  return Object.fromEntries(
    codecs.flatMap((codec) => {
      const format = formatOf(codec);
      return format === null ? [] : [[codec.payload, format]];
    }),
  );
}

function formatOf({ name, clockRate, channels }: Codec): MixedFormat | null {
  if (clockRate !== 8_000 || channels !== 1) return null;
  return MIXED.find((known) => known.toLowerCase() === name.toLowerCase()) ?? null;
}

function nameOf({ name, clockRate, payload }: Codec): string {
  return name === "" ? `type ${payload}` : `${name.toUpperCase()}/${clockRate}`;
}

function addressTypeOf({ address }: MediaAddress): "IP4" | "IP6" {
  return address.includes(":") ? "IP6" : "IP4";
}
