import {
  bodyLeaves,
  canonicalHost,
  decodeEscapes,
  equalUris,
  formatMessage,
  formatNameAddr,
  formatSdp,
  formatUri,
  formatVia,
  headerAddresses,
  headerLocations,
  headerReasons,
  headerValues,
  isHold,
  mediaCodecs,
  mediaDirection,
  parseCSeq,
  parseEvent,
  parseMediaType,
  parseMessage,
  parseMinSe,
  parseNameAddr,
  parseRAck,
  parseReason,
  parseReplaces,
  parseRSeq,
  parseSdp,
  parseSessionExpires,
  parseUri,
  parseVia,
  readTag,
  responseTo,
  sameSession,
  sdpOrigin,
  unquote,
  uriHeader,
  userParts,
  validateRequest,
  mendRequest,
  validateResponse,
  withHeaders,
  withOrigin,
  type ParseFailure,
  type SipMessage,
} from "@tandem/sip";

const VALUE_READERS: readonly ((value: string) => unknown)[] = [
  parseNameAddr,
  parseVia,
  parseCSeq,
  parseRAck,
  parseRSeq,
  parseMediaType,
  parseSessionExpires,
  parseMinSe,
  parseReason,
  parseReplaces,
  parseEvent,
  readTag,
  unquote,
  decodeEscapes,
  canonicalHost,
];

const LIST_READERS: readonly ((message: SipMessage) => readonly unknown[])[] = [headerReasons, headerLocations];

/** Runs every reader over a message; throws when a promise of the package is broken. */
export function readEverything(message: SipMessage): void {
  if (message.kind === "request") {
    validateRequest(message);
    validateRequest(mendRequest(message));
  } else validateResponse(message);
  readUri(message.uri);
  for (const [name, value] of message.headers) {
    for (const read of VALUE_READERS) read(value);
    headerValues(message, name);
  }
  for (const read of LIST_READERS) read(message);
  for (const name of ["From", "To", "Contact", "Route", "P-Asserted-Identity"]) {
    for (const address of headerAddresses(message, name)) readUri(address.uri);
  }
  readBodies(message);
  checkRoundTrip(message);
  checkEdit(message);
}

/** What a server does with a message it cannot read. */
export function answerFailure(failure: ParseFailure): void {
  if (failure.answerable !== (failure.answerable && failure.salvaged !== undefined))
    throw new Error("answerable without a request");
  if (failure.salvaged === undefined || !failure.answerable) return;
  const answer = formatMessage(responseTo(failure.salvaged, failure.status, { toTag: "x", reason: failure.detail }));
  if (!parseMessage(answer).ok) throw new Error("unreadable answer");
}

function readUri(text: string): void {
  const uri = parseUri(text);
  if (uri === undefined) return;
  const again = parseUri(formatUri(uri));
  if (again === undefined) throw new Error("a formatted URI is unreadable");
  if (!equalUris(uri, again) || !equalUris(again, uri)) throw new Error("a formatted URI is another URI");
  uriHeader(uri, "Replaces");
  if (uri.kind === "sip" && uri.user !== undefined) userParts(uri.user);
}

function readBodies(message: SipMessage): void {
  for (const leaf of bodyLeaves(message)) {
    if (message.body.slice(leaf.bodyStart, leaf.end) !== leaf.body) throw new Error("a leaf is not where it says");
    leaf.get("Content-ID");
    const sdp = parseSdp(leaf.body);
    if (sdp === undefined) continue;
    if (formatSdp(sdp) !== leaf.body) throw new Error("a description changed");
    isHold(sdp);
    sdpOrigin(sdp);
    for (const media of sdp.media) mediaCodecs(media).concat().length.toFixed(mediaDirection(sdp, media).length);
    const hidden = formatSdp(withOrigin(sdp, { username: "-", sessionName: "-" }));
    sameSession(leaf.body, hidden);
  }
}

function valuesOf(message: SipMessage, without: string): string {
  return message.headers
    .filter(([name]) => name.toLowerCase() !== without && !/^(l|content-length)$/i.test(name))
    .map(([name, value]) => `${name}:${value}`)
    .join("\n");
}

function checkRoundTrip(message: SipMessage): void {
  const again = parseMessage(formatMessage(message));
  if (!again.ok) throw new Error(`a formatted message is unreadable: ${again.error.reason}`);
  if (again.value.body !== message.body) throw new Error("the body changed");
  if (valuesOf(again.value, "") !== valuesOf(message, "")) throw new Error("a header changed");
}

function checkEdit(message: SipMessage): void {
  const edited = withHeaders(message, (headers) =>
    headers.prepend("Via", "SIP/2.0/UDP x").set("X-Fuzz", "1").remove("Subject"),
  );
  const again = parseMessage(formatMessage(edited));
  if (!again.ok) throw new Error(`an edited message is unreadable: ${again.error.reason}`);
  if (again.value.get("X-Fuzz") !== "1" || again.value.has("s")) throw new Error("an edit was lost");
  for (const address of headerAddresses(message, "Contact")) {
    if (parseNameAddr(formatNameAddr(address))?.uri !== address.uri) throw new Error("an address changed");
  }
  const via = parseVia(message.get("Via") ?? "");
  if (via !== undefined && parseVia(formatVia(via))?.branch !== via.branch) throw new Error("a branch changed");
}
