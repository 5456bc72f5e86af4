import { formatSdp, parseSdp, type Sdp, type SdpLine, type SdpMedia } from "@tandem/sip";

/** Media sections of a description; 0 for none that can be read. */
export function sectionsOf(description: string): number {
  return parseSdp(description)?.media.length ?? 0;
}

/**
 * One description of all the streams of several, in order: what each says for its whole session goes into its sections. Null when one cannot be read.
 */
export function joined(descriptions: readonly string[]): string | null {
  const parsed = descriptions.flatMap((description) => parseSdp(description) ?? []);
  const [first] = parsed;
  if (first === undefined || parsed.length < descriptions.length) return null;
  const session = first.session.filter(({ type }) => !PER_SECTION.has(type));
  return formatSdp({ session, media: parsed.flatMap((sdp) => sdp.media.map((media) => withOwnLines(sdp, media))) });
}

/** Lines of a session that a section may say for itself, and must where sections come from several (RFC 8866 §5). */
const PER_SECTION: ReadonlySet<string> = new Set(["c", "b", "k", "a"]);

function withOwnLines({ session }: Sdp, media: SdpMedia): SdpMedia {
  const [head, ...own] = media.lines;
  const missing = session.filter((line) => PER_SECTION.has(line.type) && !own.some((said) => saysTheSame(said, line)));
  // RFC 8866 §5: the order within a section is m, i, c, b, k, a.
  const rank = ({ type }: SdpLine): number => ["i", "c", "b", "k", "a"].indexOf(type);
  const lines = [...missing, ...own].toSorted((one, other) => rank(one) - rank(other));
  return { ...media, lines: head === undefined ? lines : [head, ...lines] };
}

const DIRECTION = /^(?:sendrecv|sendonly|recvonly|inactive)$/;

function saysTheSame(one: SdpLine, other: SdpLine): boolean {
  const name = ({ value }: SdpLine): string => (DIRECTION.test(value) ? "direction" : value.split(":", 1).join());
  return one.type === other.type && (one.type !== "a" || name(one) === name(other));
}

/** The sections `from` to `from + count` of a description as one of their own; null when it cannot be read. */
export function sections(
  description: string,
  { from, count }: { readonly from: number; readonly count: number },
): string | null {
  const sdp = parseSdp(description);
  return sdp === undefined ? null : formatSdp({ session: sdp.session, media: sdp.media.slice(from, from + count) });
}
