import { buildRequest, formatMessage, parseMessage, type HeaderLine, type NewPart, type SipMessage } from "@tandem/sip";
import type { LegProfile } from "../../src/call/leg-profile.ts";
import type { EmergencyProfile, EmergencyProvider } from "../../src/topology/emergency-plan.ts";
import { composePidf } from "../../src/emergency/location/compose-pidf.ts";
import { blankPreparation, type EmergencyPreparation } from "../../src/emergency/preparation.ts";
import { composeEmergencyInvite } from "../../src/emergency/invite/compose-invite.ts";

export const SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

export const CALLER_PIDF = "<?xml version='1.0'?>\r\n<presence><tuple>\u00c3\u00a9</tuple></presence>\r\n";

export const provider: EmergencyProvider = {
  organization: "Example & Sons",
  id: "EX01",
  contact: "tel:+12125550199",
  fqdn: "tandem.example.com",
};

const profile = {
  trunk: "sos",
  contactHost: "192.0.2.1:5062",
  peerHost: "203.0.113.9:5060",
  nextHop: "sip:203.0.113.9:5060;transport=udp;lr",
} as LegProfile;

export const added = composePidf({
  entity: "sip:+12125550100@tandem.example.com",
  civic: { country: "US", a1: "NY", a3: "Albany", rd: "Main", hno: "1" },
  method: "Default",
  provider,
  atMs: 0,
});

function preparation(change: Partial<EmergencyPreparation> = {}): EmergencyPreparation {
  return {
    ...blankPreparation,
    callbackNumber: "+12125550100",
    callIdentifier: "urn:emergency:uid:callid:abcdefghij0123456789:tandem.example.com",
    incidentIdentifier: "urn:emergency:uid:incidentid:bcdefghij01234567890:tandem.example.com",
    sourceIdentifier: "0123456789abcdef",
    provider,
    ...change,
  };
}

export function invite(headers: readonly HeaderLine[] = [], body = ""): SipMessage {
  return buildRequest({
    method: "INVITE",
    uri: "sip:911@203.0.113.9:5060;user=phone",
    headers: [
      ["Max-Forwards", "69"],
      ["From", '"Ann \u00c3\u00a9" <sip:+12125550100@192.0.2.1>;tag=t'],
      ["To", "<sip:911@203.0.113.9:5060;user=phone>"],
      ["Call-ID", "c"],
      ["CSeq", "1 INVITE"],
      ...headers,
    ],
    body,
  });
}

interface Change {
  readonly kind?: EmergencyProfile;
  readonly location?: "pass" | "strip";
  readonly screening?: boolean;
  readonly preparation?: Partial<EmergencyPreparation>;
  readonly callingNumber?: string;
}

/** The composed INVITE as a peer reads it off the wire. */
export function compose(message: SipMessage, change: Change = {}): SipMessage {
  const composed = composeEmergencyInvite(message, {
    preparation: preparation(change.preparation),
    egress: {
      kind: change.kind ?? "pidf-lo",
      location: change.location ?? "pass",
      screening: change.screening ?? false,
    },
    profile,
    callingNumber: change.callingNumber ?? "+12125550100",
    callId: "callid26charsofbase32abcde",
  });
  const read = parseMessage(formatMessage(composed));
  if (!read.ok) throw new Error(`not a SIP message: ${read.error.reason}`);
  return read.value;
}

export const sdp: NewPart = { headers: [["Content-Type", "application/sdp"]], body: SDP };

export const pidf: NewPart = {
  headers: [
    ["Content-Type", "application/pidf+xml"],
    ["Content-ID", "<caller@example.com>"],
  ],
  body: CALLER_PIDF,
};

export const located: readonly HeaderLine[] = [
  ["Geolocation", '<cid:caller@example.com>;inserted-by="sip:ann@example.com"'],
  ["Geolocation-Routing", "yes"],
  ["Supported", "geolocation, replaces"],
  ["Priority", "emergency"],
  ["P-Asserted-Identity", "<sip:+12125550100@192.0.2.1>"],
];

export const mixed: HeaderLine = ["Content-Type", "multipart/mixed;boundary=b1"];
