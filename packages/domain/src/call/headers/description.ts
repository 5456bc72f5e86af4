import {
  buildRequest,
  findBody,
  formatSdp,
  makeSdpLine,
  parseSdp,
  replaceBody,
  type Sdp,
  type SipMessage,
} from "@tandem/sip";
import type { SdpOrigin } from "../party.ts";
import { spread } from "../identity.ts";
import { withoutSilence } from "./quiet-description.ts";
import { withoutPort } from "./values.ts";

export const SDP_TYPE = "application/sdp";

/** The session description of a message, alone or as a part of a multipart; empty when there is none. */
export function sdpIn(message: SipMessage): string {
  return message.body === "" ? "" : (findBody(message, SDP_TYPE)?.body ?? "");
}

/** A body that is kept without its message, as a message again. */
export function bodyMessage(contentType: string, body: string): SipMessage {
  return buildRequest({ method: "INVITE", uri: "", headers: [["Content-Type", contentType]], body });
}

/**
 * The body with our o= and s= lines in its SDP: the originator's user name and host stay hidden, and session id and version are ours, coherent
 * in the dialog whatever the other leg does (RFC 3264 §8: same id, version grown by one exactly when the description changes).
 * Every other byte stays, other parts of a multipart included. `origin` takes note of what was sent.
 */
export function ownDescription(origin: SdpOrigin, message: SipMessage, host: string): string {
  const leaf = message.body === "" ? undefined : findBody(message, SDP_TYPE);
  const sdp = leaf === undefined ? undefined : parseSdp(leaf.body);
  if (leaf === undefined || sdp === undefined) return message.body;
  const told = origin.quiet === true ? withoutSilence(sdp) : sdp;
  return replaceBody(message, leaf, ownSdp(origin, told, host)).body;
}

/**
 * The description as its owner would offer it to somebody new: what only answers the hold of the other side (`recvonly`, `inactive`) sends and receives
 * again (RFC 3264 §8.4). A hold of its own (`sendonly`) stays.
 */
export function offHold(sdp: string): string {
  return sdp.replace(/^a=(?:recvonly|inactive)(?=\r?$)/gm, "a=sendrecv");
}

function ownSdp(origin: SdpOrigin, sdp: Sdp, host: string): string {
  const bare = formatSdp(withSessionLines(sdp, ""));
  const mark = `${bare.length}.${spread(bare, 0xffffffff).toString(36)}`;
  if (mark !== origin.mark) {
    origin.mark = mark;
    origin.version += 1;
  }
  const address = withoutPort(host).replace(/^\[|\]$/g, "");
  const family = address.includes(":") ? "IP6" : "IP4";
  return formatSdp(withSessionLines(sdp, `- ${origin.id} ${origin.version} IN ${family} ${address}`));
}

function withSessionLines(sdp: Sdp, origin: string): Sdp {
  const session = sdp.session.map((line) => {
    if (line.type === "o") return makeSdpLine("o", origin);
    return line.type === "s" ? makeSdpLine("s", "-") : line;
  });
  return { session, media: sdp.media };
}
