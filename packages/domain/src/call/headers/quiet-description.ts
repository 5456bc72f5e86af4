import { makeSdpLine, mediaCodecs, parseSdp, type Codec, type Sdp, type SdpLine, type SdpMedia } from "@tandem/sip";

/**
 * How codecs are told not to fall silent when their user does: parameter, value that asks for it, value that does not, and whether leaving it out
 * asks for it (G.729 and G.723.1: RFC 4856 §2.1.9, §2.1.6; Opus: RFC 7587 §6.1; EVS: 3GPP TS 26.445 annex A).
 */
const SILENCE_PARAMETERS: ReadonlyMap<string, readonly [name: string, asks: string, declines: string, usual: boolean]> =
  new Map([
    ["G729", ["annexb", "yes", "no", true]],
    ["G723", ["annexa", "yes", "no", true]],
    ["OPUS", ["usedtx", "1", "0", false]],
    ["EVS", ["dtx", "1", "0", false]],
  ]);

/**
 * A description without comfort noise and silence suppression, for the side of a PSAP: what is heard in the background helps a call taker, so no VAD
 * on emergency calls (RFC 6881 ED-73). Payload types of comfort noise (RFC 3389) go, codecs that could fall silent are told not to. Everything else
 * stays byte for byte; a description that says nothing of it is the same object.
 */
export function withoutSilence(sdp: Sdp): Sdp {
  const media = sdp.media.map((section) => (section.kind === "audio" ? quietSection(section) : section));
  return media.every((section, at) => section === sdp.media[at]) ? sdp : { session: sdp.session, media };
}

/** Whether the description, if it has audio, offers G.711 µ-law (RFC 6881 SP-41). One that cannot be read counts as one that does. */
export function offersMuLaw(text: string): boolean {
  const audio = parseSdp(text)?.media.filter(({ kind, port }) => kind === "audio" && port !== 0) ?? [];
  return audio.length === 0 || audio.some((section) => mediaCodecs(section).some(isMuLaw));
}

function isMuLaw({ name, clockRate }: Codec): boolean {
  return name.toUpperCase() === "PCMU" && clockRate === 8000;
}

function quietSection(section: SdpMedia): SdpMedia {
  const codecs = mediaCodecs(section);
  const noise = new Set(codecs.filter(({ name }) => name.toUpperCase() === "CN").map(({ payload }) => String(payload)));
  const formats = section.formats.filter((format) => !noise.has(format));
  // A section of nothing but noise would be none.
  const gone = formats.length === 0 ? new Set<string>() : noise;
  const changes = gone.size > 0 ? formats : null;
  const lines = section.lines.flatMap((line, at) => {
    if (at === 0) return changes === null ? [line] : [mediaLine(line, changes)];
    const payload = payloadOf(line);
    if (payload !== null && gone.has(payload)) return [];
    return [quietLine(line, codecs)];
  });
  const silent = unsaid(codecs, section.lines);
  const unchanged = silent.length === 0 && lines.length === section.lines.length;
  if (unchanged && lines.every((line, at) => line === section.lines[at])) return section;
  return { ...section, formats: gone.size > 0 ? formats : section.formats, lines: [...lines, ...silent] };
}

/** The m= line with fewer formats; port and protocol as written. */
function mediaLine(line: SdpLine, formats: readonly string[]): SdpLine {
  const [kind = "", port = "", protocol = ""] = line.value.split(" ");
  return makeSdpLine("m", [kind, port, protocol, ...formats].join(" "));
}

/** Payload type that an rtpmap or fmtp line is about. */
function payloadOf({ type, value }: SdpLine): string | null {
  return type === "a" ? (/^(?:rtpmap|fmtp|rtcp-fb):(\d{1,3})(?: |$)/.exec(value)?.[1] ?? null) : null;
}

function quietLine(line: SdpLine, codecs: readonly Codec[]): SdpLine {
  if (line.type !== "a") return line;
  // RFC 3108 §5.6.2.7: silence suppression of the whole stream.
  if (/^silenceSupp:on\b/.test(line.value))
    return makeSdpLine("a", line.value.replace("silenceSupp:on", "silenceSupp:off"));
  if (!line.value.startsWith("fmtp:")) return line;
  const codec = codecs.find(({ payload }) => String(payload) === payloadOf(line));
  const parameter = SILENCE_PARAMETERS.get(codec?.name.toUpperCase() ?? "");
  if (parameter === undefined) return line;
  const [name, asks, declines, usual] = parameter;
  const said = new RegExp(`(^|[ ;])${name}=${asks}(?=;|\\s|$)`, "i");
  if (said.test(line.value)) return makeSdpLine("a", line.value.replace(said, `$1${name}=${declines}`));
  const mentioned = new RegExp(`(^|[ ;])${name}=`, "i").test(line.value);
  return usual && !mentioned ? makeSdpLine("a", `${line.value};${name}=${declines}`) : line;
}

/** Lines for codecs that fall silent unless told otherwise, and of whose parameters nothing is said. */
function unsaid(codecs: readonly Codec[], lines: readonly SdpLine[]): readonly SdpLine[] {
  const described = new Set(lines.filter(({ value }) => value.startsWith("fmtp:")).map(payloadOf));
  return codecs.flatMap(({ payload, name }) => {
    const parameter = SILENCE_PARAMETERS.get(name.toUpperCase());
    if (parameter === undefined || !parameter[3] || described.has(String(payload))) return [];
    return [makeSdpLine("a", `fmtp:${payload} ${parameter[0]}=${parameter[2]}`)];
  });
}
