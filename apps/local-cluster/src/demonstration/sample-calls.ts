import type { HeaderLine } from "@tandem/sip";
import { audioSession } from "@tandem/simulated-peer";

/** A call of the demonstration and how it has to end. */
export interface SampleCall {
  readonly title: string;
  readonly number: string;
  readonly headers: readonly HeaderLine[];
  readonly contentType: string;
  readonly body: string;
  readonly expected: ExpectedEnd;
}

interface ExpectedEnd {
  /** Attempts in order: gateway kind of the sample topology's trunk and the status it ends with. */
  readonly attempts: readonly { readonly trunk: string; readonly sipCode: number }[];
  readonly emergency: boolean;
}

const BOUNDARY = "tandem-sample";
const LOCATION_ID = "location@core.example";

/** The calls that the sample topology is made for. */
export const SAMPLE_CALLS: readonly SampleCall[] = [
  {
    title: "An ordinary call: 212 555 0123, a national number",
    number: "2125550123",
    headers: [],
    contentType: "application/sdp",
    body: audioSession("127.0.0.1", 1),
    expected: { attempts: [{ trunk: "carrier-b-east", sipCode: 200 }], emergency: false },
  },
  {
    title: "Failover: 800 555 0100, whose first trunk answers 503",
    number: "8005550100",
    headers: [],
    contentType: "application/sdp",
    body: audioSession("127.0.0.1", 2),
    expected: {
      attempts: [
        { trunk: "carrier-a-east", sipCode: 503 },
        { trunk: "carrier-b-east", sipCode: 200 },
      ],
      emergency: false,
    },
  },
  {
    title: "An emergency call: 911 with the caller's location",
    number: "911",
    headers: [
      ["Priority", "emergency"],
      ["Geolocation", `<cid:${LOCATION_ID}>;inserted-by="sip:alice@core.example"`],
      ["Geolocation-Routing", "yes"],
      ["Supported", "geolocation"],
    ],
    contentType: `multipart/mixed;boundary=${BOUNDARY}`,
    body: withLocation(audioSession("127.0.0.1", 3)),
    expected: { attempts: [{ trunk: "e911-east", sipCode: 200 }], emergency: true },
  },
];

/** SDP and location by value in one multipart body (RFC 6442 §4.1). */
function withLocation(session: string): string {
  return [
    `--${BOUNDARY}`,
    "Content-Type: application/sdp",
    "",
    session,
    `--${BOUNDARY}`,
    "Content-Type: application/pidf+xml",
    `Content-ID: <${LOCATION_ID}>`,
    "",
    pidfLo(),
    `--${BOUNDARY}--`,
    "",
  ].join("\r\n");
}

/** A dispatchable location (RFC 4119, RFC 5139): street address, floor and room. */
function pidfLo(): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"',
    '    xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" entity="pres:alice@core.example">',
    '  <tuple id="desk"><status><gp:geopriv>',
    '    <gp:location-info><ca:civicAddress xml:lang="en"><ca:country>US</ca:country><ca:A1>NY</ca:A1>',
    "      <ca:A3>New York</ca:A3><ca:RD>Example</ca:RD><ca:STS>Avenue</ca:STS><ca:HNO>350</ca:HNO>",
    "      <ca:FLR>12</ca:FLR><ca:ROOM>1207</ca:ROOM><ca:PC>10118</ca:PC></ca:civicAddress></gp:location-info>",
    "    <gp:usage-rules><gp:retransmission-allowed>true</gp:retransmission-allowed></gp:usage-rules>",
    "    <gp:method>Wired</gp:method>",
    "  </gp:geopriv></status></tuple>",
    "</presence>",
  ].join("\r\n");
}
