import { sipCallIdOf, tagOf, type LegProfile } from "@tandem/domain";
import {
  buildRequest,
  encodeEscapes,
  headerValues,
  parseNameAddr,
  type HeaderLine,
  type SipMessage,
} from "@tandem/sip";
import type { Errand } from "../ports/index.ts";

type Task = Errand["task"];

/** The request of an errand, complete but for Via and Content-Length. */
export function requestOf(task: Task, profile: LegProfile, id: string): SipMessage {
  switch (task.kind) {
    case "options":
      return request({ method: "OPTIONS", uri: `sip:${profile.peerHost}`, id }, profile, [
        ["Accept", "application/sdp"],
      ]);
    case "message": {
      const headers = task.headers.map(([name, value]): HeaderLine => [name, octets(value)]);
      const typed: HeaderLine[] = [...headers, ["Content-Type", task.contentType]];
      return request({ method: "MESSAGE", uri: task.uri, id, body: octets(task.body) }, profile, typed);
    }
    case "test-call": {
      const uri = task.number.toLowerCase().startsWith("urn:")
        ? task.number
        : `sip:${encodeEscapes(task.number, "user")}@${profile.peerHost}`;
      const headers: HeaderLine[] = [
        ["Allow", "INVITE, ACK, CANCEL, BYE"],
        ["Content-Type", "application/sdp"],
      ];
      return request({ method: "INVITE", uri, id, body: silentOffer(profile, id) }, profile, headers);
    }
  }
}

interface Shape {
  readonly method: string;
  readonly uri: string;
  readonly id: string;
  readonly body?: string;
}

function request(
  { method, uri, id, body = "" }: Shape,
  profile: LegProfile,
  headers: readonly HeaderLine[],
): SipMessage {
  const { contactHost, transport } = profile;
  return buildRequest({
    method,
    uri,
    headers: [
      ["Max-Forwards", "70"],
      ["From", `<sip:${contactHost}>;tag=${tagOf(id, "b1")}`],
      ["To", `<${uri}>`],
      ["Call-ID", sipCallIdOf(id, "b1")],
      ["CSeq", `1 ${method}`],
      ["Contact", `<sip:${contactHost};transport=${transport}>`],
      ...headers,
    ],
    body,
  });
}

/** G.711 on a port nobody listens at: the test call is over as soon as it is answered. */
function silentOffer({ contactHost }: LegProfile, id: string): string {
  const host = contactHost.startsWith("[")
    ? contactHost.slice(1, contactHost.indexOf("]"))
    : contactHost.replace(/:\d+$/, "");
  const family = host.includes(":") ? "IP6" : "IP4";
  const lines = [
    "v=0",
    `o=tandem ${parseInt(id.replaceAll(/[^0-9]/g, "").slice(0, 9) || "1", 10)} 1 IN ${family} ${host}`,
    "s=-",
    `c=IN ${family} ${host}`,
    "t=0 0",
    "m=audio 9 RTP/AVP 0 8",
    "a=inactive",
  ];
  return `${lines.join("\r\n")}\r\n`;
}

/** RFC 3261 §17.1.1.3, §12.2.1.1: within the dialog the 2xx made. */
export function acknowledgementOf(invite: SipMessage, response: SipMessage): SipMessage {
  return inDialog("ACK", 1, { invite, response });
}

export function byeOf(invite: SipMessage, response: SipMessage): SipMessage {
  return inDialog("BYE", 2, { invite, response });
}

function inDialog(
  method: string,
  cseq: number,
  { invite, response }: { readonly invite: SipMessage; readonly response: SipMessage },
): SipMessage {
  const target = parseNameAddr(response.get("Contact") ?? "")?.uri ?? invite.uri;
  const routes = headerValues(response, "Record-Route").toReversed();
  return buildRequest({
    method,
    uri: target,
    headers: [
      ["Max-Forwards", "70"],
      ...routes.map((route): HeaderLine => ["Route", route]),
      ["From", invite.get("From") ?? ""],
      ["To", response.get("To") ?? ""],
      ["Call-ID", invite.get("Call-ID") ?? ""],
      ["CSeq", `${cseq} ${method}`],
    ],
  });
}

/** UTF-8 as one character per byte, as SIP text is kept here. */
function octets(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
}
