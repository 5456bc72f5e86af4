import { splitList, type SipMessage } from "@tandem/sip";
import { optionTags } from "./values.ts";

/**
 * Option tags that work through us: either both ends do them and we only carry what they need, or we do them on each leg (`100rel`, `timer`,
 * `replaces`).
 */
const KNOWN_OPTIONS: ReadonlySet<string> = new Set([
  "100rel",
  "timer",
  "replaces",
  "199",
  "answermode",
  "early-session",
  "explicitsub",
  "from-change",
  "geolocation",
  "geolocation-http",
  "geolocation-sip",
  "histinfo",
  "multiple-refer",
  "norefersub",
  "nosub",
  "precondition",
  "privacy",
  "recipient-list-invite",
  "resource-priority",
  "sdp-anat",
  "trickle-ice",
  "uui",
  "siprec",
  "record-aware",
  "eventlist",
]);

/** Methods that work through us. */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
  "INVITE",
  "ACK",
  "BYE",
  "CANCEL",
  "OPTIONS",
  "PRACK",
  "UPDATE",
  "INFO",
  "REFER",
  "NOTIFY",
  "SUBSCRIBE",
  "MESSAGE",
]);

/** A Supported or Require line with the tags that work end to end and are not settled on this leg; unchanged when all do. */
export function filterOptions(line: string, settled: ReadonlySet<string>): string {
  return filterList(line, (tag) => KNOWN_OPTIONS.has(tag.toLowerCase()) && !settled.has(tag.toLowerCase()));
}

/** An Allow line with the methods that work through us; unchanged when all do. */
export function filterMethods(line: string, withoutRefer: boolean): string {
  return filterList(line, (method) => KNOWN_METHODS.has(method) && !(withoutRefer && method === "REFER"));
}

/** Options a request demands that nobody on this path can promise (RFC 3261 §8.2.2.3). */
export function unknownOptions(request: SipMessage): readonly string[] {
  const demanded = [...optionTags(request, "Require"), ...optionTags(request, "Proxy-Require")];
  return demanded.filter((tag) => !KNOWN_OPTIONS.has(tag));
}

function filterList(line: string, keep: (item: string) => boolean): string {
  const items = splitList(line);
  const kept = items.filter(keep);
  return kept.length === items.length ? line : kept.join(", ");
}
