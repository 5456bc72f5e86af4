import {
  addBody,
  bodyLeaves,
  buildRequest,
  findBodyById,
  formatMessage,
  formatMultipart,
  headerAddresses,
  headerValues,
  parseMessage,
  withHeaders,
  type HeaderLine,
  type NewPart,
  type SipMessage,
} from "@tandem/sip";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LegProfile } from "../../call/leg-profile.ts";
import type { EmergencyProfile, EmergencyProvider } from "../../topology/emergency-plan.ts";
import { composePidf } from "../location/compose-pidf.ts";
import { blankPreparation, type EmergencyPreparation } from "../preparation.ts";
import { composeEmergencyInvite } from "./compose-invite.ts";

const SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
const CALLER_PIDF = "<?xml version='1.0'?>\r\n<presence><tuple>\u00c3\u00a9</tuple></presence>\r\n";
const provider: EmergencyProvider = {
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
const added = composePidf({
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

function invite(headers: readonly HeaderLine[] = [], body = ""): SipMessage {
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
function compose(message: SipMessage, change: Change = {}): SipMessage {
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

const sdp: NewPart = { headers: [["Content-Type", "application/sdp"]], body: SDP };
const pidf: NewPart = {
  headers: [
    ["Content-Type", "application/pidf+xml"],
    ["Content-ID", "<caller@example.com>"],
  ],
  body: CALLER_PIDF,
};
const located: readonly HeaderLine[] = [
  ["Geolocation", '<cid:caller@example.com>;inserted-by="sip:ann@example.com"'],
  ["Geolocation-Routing", "yes"],
  ["Supported", "geolocation, replaces"],
  ["Priority", "emergency"],
  ["P-Asserted-Identity", "<sip:+12125550100@192.0.2.1>"],
];
const mixed: HeaderLine = ["Content-Type", "multipart/mixed;boundary=b1"];
const purposes = (message: SipMessage): readonly string[] =>
  headerAddresses(message, "Call-Info").map(({ params }) => params.find(([name]) => name === "purpose")?.[1] ?? "");

describe("profile pidf-lo", () => {
  test("what a caller of the product class sends goes out as it came, byte for byte (A2)", () => {
    const body = formatMultipart([sdp, pidf], "b1");
    const sent = invite([...located, mixed], body);
    expect(formatMessage(compose(sent))).toBe(formatMessage(sent));
  });

  test("a location of ours is a further part and the last value; the broken one of the caller stays (A16, RFC 6442 §4.1)", () => {
    const broken: NewPart = { headers: pidf.headers, body: "<presence" };
    const sent = invite([...located, mixed], formatMultipart([broken, sdp], "b1"));
    const got = compose(sent, { preparation: { addedLocation: added } });
    const values = headerAddresses(got, "Geolocation");
    expect(values.map(({ uri }) => uri)).toEqual([
      "cid:caller@example.com",
      "cid:location-callid26charsofbase32abcde@tandem.example.com",
    ]);
    expect(values[1]?.params).toEqual([["loc-src", "tandem.example.com"]]);
    expect(bodyLeaves(got).map(({ body }) => body)).toEqual(["<presence", SDP, added]);
    expect(findBodyById(got, `<${values[1]!.uri.slice(4)}>`)?.body).toBe(added);
    expect(got.get("Geolocation-Routing")).toBe("yes");
  });

  test("a document of ours that hands over a conference leaves the caller's as it is (B9)", () => {
    const sent = invite([...located, mixed], formatMultipart([sdp, pidf], "b1"));
    const change = { location: { kind: "value", method: "LIS" }, addedLocation: added } as const;
    const got = compose(sent, { preparation: change });
    expect(bodyLeaves(got).map(({ body }) => body)).toEqual([SDP, CALLER_PIDF, added]);
    expect(got.getAll("Geolocation")[0]).toBe(sent.get("Geolocation"));
    expect(bodyLeaves(compose(sent, { kind: "i3", preparation: { ...change, provider: null } }))).toHaveLength(2);
  });

  test("an INVITE with SDP alone becomes a multipart, with all that a located call needs", () => {
    const got = compose(
      invite(
        [
          ["Content-Type", "application/sdp"],
          ["Content-Disposition", "session"],
        ],
        SDP,
      ),
      {
        preparation: { addedLocation: added },
      },
    );
    expect(got.get("Content-Type")).toMatch(/^multipart\/mixed;boundary=tandem-/);
    expect(got.has("Content-Disposition")).toBe(false);
    expect(bodyLeaves(got).map(({ mediaType }) => mediaType)).toEqual(["application/sdp", "application/pidf+xml"]);
    expect(bodyLeaves(got)[0]?.get("Content-Disposition")).toBe("session");
    expect(got.get("Geolocation-Routing")).toBe("yes");
    expect(got.get("Supported")).toBe("geolocation");
    expect(got.get("Priority")).toBe("emergency");
    expect(got.get("P-Asserted-Identity")).toBe("<sip:+12125550100@192.0.2.1;user=phone>");
  });

  test("what the caller says of routing by location stands (RFC 6442 §4.2)", () => {
    const sent = invite([
      ["Geolocation", "<https://lis.example.com/1>;x=y"],
      ["Geolocation-Routing", "no"],
    ]);
    const got = compose(sent, { preparation: { addedLocation: added } });
    expect(got.getAll("Geolocation-Routing")).toEqual(["no"]);
    expect(got.getAll("Geolocation")[0]).toBe("<https://lis.example.com/1>;x=y");
  });

  test("without any location nothing is said of one", () => {
    const got = compose(invite([["Content-Type", "application/sdp"]], SDP));
    expect(got.has("Geolocation-Routing")).toBe(false);
    expect(got.body).toBe(SDP);
  });

  test("parts of a multipart/alternative keep their relation: ours stands beside it", () => {
    const sent = invite([["Content-Type", "multipart/alternative;boundary=b1"]], formatMultipart([sdp], "b1"));
    const got = compose(sent, { preparation: { addedLocation: added } });
    expect(got.get("Content-Type")).toMatch(/^multipart\/mixed/);
    expect(bodyLeaves(got).map(({ body }) => body)).toEqual([SDP, added]);
    expect(got.body).toContain("Content-Type: multipart/alternative;boundary=b1\r\n\r\n");
  });

  test("a test call is not marked an emergency by us", () => {
    expect(compose(invite(), { preparation: { test: true } }).has("Priority")).toBe(false);
  });
});

describe("profile plain, and the screening number", () => {
  test("the caller's identity is asserted and nothing withholds it (A19)", () => {
    const got = compose(invite([["Privacy", "id"]]), { kind: "plain" });
    expect(got.has("Privacy")).toBe(false);
    expect(got.get("P-Asserted-Identity")).toBe("<sip:+12125550100@192.0.2.1;user=phone>");
    expect(got.get("Priority")).toBe("emergency");
  });

  test("a call to the screening number is an ordinary one", () => {
    expect(compose(invite(), { kind: "plain", screening: true }).has("Priority")).toBe(false);
  });

  test("an identity of the caller stays as it is", () => {
    const asserted: HeaderLine = ["P-Asserted-Identity", '"Ann" <sip:+12125550177@192.0.2.1>, <tel:+12125550177>'];
    expect(compose(invite([asserted]), { kind: "plain" }).getAll("P-Asserted-Identity")).toEqual([asserted[1]]);
  });
});

describe("profile elin", () => {
  test("the number lent to the call takes the caller's place", () => {
    const sent = invite([
      ["P-Asserted-Identity", "<sip:+12125550100@192.0.2.1>"],
      ["P-Asserted-Identity", "<tel:+12125550100>"],
      ["Remote-Party-ID", "<sip:+12125550100@192.0.2.1>"],
      ["Privacy", "id"],
    ]);
    const got = compose(sent, { kind: "elin", preparation: { elin: "+12125550111" }, callingNumber: "+12125550111" });
    expect(got.getAll("P-Asserted-Identity")).toEqual(["<sip:+12125550111@192.0.2.1;user=phone>"]);
    expect(got.has("Remote-Party-ID")).toBe(false);
    expect(got.has("Privacy")).toBe(false);
  });

  test("the location goes along: gateways know an emergency call by it", () => {
    const sent = invite([...located, mixed], formatMultipart([sdp, pidf], "b1"));
    const got = compose(sent, { kind: "elin", preparation: { elin: "+12125550111" }, callingNumber: "+12125550111" });
    expect(got.body).toBe(sent.body);
    expect(got.getAll("Geolocation")).toEqual(sent.getAll("Geolocation"));
  });

  test("without a number to lend the caller's own goes out", () => {
    expect(compose(invite(), { kind: "elin" }).get("P-Asserted-Identity")).toContain("+12125550100");
  });
});

describe("a trunk that strips the location", () => {
  test("nothing of it goes out, the SDP stands alone", () => {
    const sent = invite([...located, mixed], formatMultipart([pidf, sdp], "b1"));
    const got = compose(sent, { location: "strip", preparation: { addedLocation: added } });
    expect(got.has("Geolocation")).toBe(false);
    expect(got.has("Geolocation-Routing")).toBe(false);
    expect(got.get("Content-Type")).toBe("application/sdp");
    expect(got.body).toBe(SDP);
  });

  test("other parts stay, in their multipart", () => {
    const other: NewPart = { headers: [["Content-Type", "text/plain"]], body: "help\r\n" };
    const inner = formatMultipart([pidf, other], "in");
    const nested: NewPart = { headers: [["Content-Type", "multipart/related;boundary=in"]], body: inner };
    const sent = invite([...located, mixed], formatMultipart([pidf, sdp, nested, pidf], "b1"));
    const got = compose(sent, { location: "strip" });
    expect(bodyLeaves(got).map(({ body }) => body)).toEqual([SDP, "help\r\n"]);
  });
});

describe("profile i3 (B2)", () => {
  test("Route with lr, identifiers, priority, source, routing", () => {
    const got = compose(invite([["Content-Type", "application/sdp"]], SDP), {
      kind: "i3",
      preparation: { addedLocation: added },
    });
    expect(got.getAll("Route")).toEqual(["<sip:203.0.113.9:5060;transport=udp;lr>"]);
    const info = headerValues(got, "Call-Info");
    expect(
      info.some((value) =>
        /^<urn:emergency:uid:callid:[a-z0-9]{10,32}:tandem\.example\.com>;purpose=emergency-CallId$/.test(value),
      ),
    ).toBe(true);
    expect(
      info.some((value) =>
        /^<urn:emergency:uid:incidentid:[a-z0-9]{10,32}:tandem\.example\.com>;purpose=emergency-IncidentId$/.test(
          value,
        ),
      ),
    ).toBe(true);
    expect(info).toContain("<0123456789abcdef@tandem.example.com>;purpose=emergency-source");
    expect(got.getAll("Resource-Priority")).toEqual(["esnet.1"]);
    expect(got.get("Geolocation-Routing")).toBe("yes");
  });

  test("identifiers that are there stay, of whatever edition, and are not doubled", () => {
    const call: HeaderLine = ["Call-Info", "<urn:nena:uid:callid:a56e556d871:bcf.example>;purpose=nena-CallId"];
    const incident: HeaderLine = [
      "Call-Info",
      "<urn:emergency:uid:incidentid:x1:bcf.example>;purpose=emergency-IncidentId",
    ];
    const got = compose(invite([call, incident]), { kind: "i3" });
    expect(got.getAll("Call-Info").slice(0, 2)).toEqual([call[1], incident[1]]);
    expect(purposes(got).filter((purpose) => /callid|incidentid/i.test(purpose))).toHaveLength(2);
  });

  test.each([
    [[], ["esnet.1"]],
    [["esnet.3"], ["esnet.3"]],
    [["esnet.999"], ["esnet.1"]],
    [["wps.2"], ["wps.2, esnet.1"]],
    [["wps.2, esnet.0"], ["wps.2, esnet.0"]],
    [["esnet", "q735.1"], ["q735.1, esnet.1"]],
    [["esnet.7, ESNET.2"], ["ESNET.2"]],
    [["high", "wps.2"], ["wps.2, esnet.1"]],
    [["esnet.2, a.b.c, <urgent>"], ["esnet.2"]],
    [
      ["q735.0, x-3gpp!.1", "esnet.4"],
      ["q735.0, x-3gpp!.1", "esnet.4"],
    ],
  ])("Resource-Priority %j becomes %j", (values, wanted) => {
    const lines = values.map((value): HeaderLine => ["Resource-Priority", value]);
    expect(compose(invite(lines), { kind: "i3" }).getAll("Resource-Priority")).toEqual(wanted);
  });

  test("a location of ours stands first (NENA-STA-010.3 §4.2.1.7)", () => {
    const sent = invite([["Geolocation", "<https://lis.example.com/1>"]]);
    const got = compose(sent, { kind: "i3", preparation: { addedLocation: added } });
    expect(headerAddresses(got, "Geolocation").map(({ uri }) => uri.slice(0, 12))).toEqual([
      "cid:location",
      "https://lis.",
    ]);
  });

  test("additional data: one part and one Call-Info each, the caller's own untouched (B3, RFC 7852)", () => {
    const block: NewPart = {
      headers: [
        ["Content-Type", "application/EmergencyCallData.DeviceInfo+xml"],
        ["Content-ID", "<device@example.com>"],
      ],
      body: "<EmergencyCallData.DeviceInfo/>",
    };
    const info: HeaderLine = ["Call-Info", "<cid:device@example.com>;purpose=EmergencyCallData.DeviceInfo"];
    const sent = invite([...located, info, mixed], formatMultipart([sdp, pidf, block], "b1"));
    const got = compose(sent, { kind: "i3" });
    for (const name of ["ProviderInfo", "ServiceInfo", "SubscriberInfo", "DeviceInfo"]) {
      const named = headerAddresses(got, "Call-Info").filter(({ params }) =>
        params.some(([key, value]) => key === "purpose" && value === `EmergencyCallData.${name}`),
      );
      expect(named).toHaveLength(1);
      const part = findBodyById(got, `<${named[0]!.uri.slice("cid:".length)}>`);
      expect(part?.mediaType).toBe(`application/emergencycalldata.${name.toLowerCase()}+xml`);
      if (name !== "DeviceInfo") expect(part?.get("Content-Disposition")).toBe("by-reference;handling=optional");
    }
    expect(
      bodyLeaves(got)
        .slice(0, 3)
        .map(({ body }) => body),
    ).toEqual([SDP, CALLER_PIDF, block.body]);
    expect(got.body).toContain("<DataProviderString>Example &amp; Sons</DataProviderString>");
    expect(got.body).toContain("<text>Ann &#xE9;</text>");
    expect(got.body).toContain("<uri>tel:+12125550100</uri>");
  });

  test.each([
    ["EX01", "urn:nena:companyid:EX01", "NENA"],
    ["urn:nena:companyid:EX01", "urn:nena:companyid:EX01", "NENA"],
    ["voice.example.com", "voice.example.com", "domain"],
    [null, "tandem.example.com", "domain"],
  ])("ProviderInfo of %j names %s of %s, and us as who gives the service (RFC 7852 §4.1)", (id, name, series) => {
    const { body } = compose(invite(), { kind: "i3", preparation: { provider: { ...provider, id } } });
    expect(body).toContain(`<ProviderID>${name}</ProviderID><ProviderIDSeries>${series}</ProviderIDSeries>`);
    expect(body).toContain("<TypeOfProvider>Telecom Provider</TypeOfProvider>");
  });

  test.each([
    [undefined, ["Business", "MLTS-local", "Unknown"]],
    [{ environment: "Residence", type: "POTS", mobility: "Fixed" } as const, ["Residence", "POTS", "Fixed"]],
  ])("ServiceInfo of %j (RFC 7852 §4.2)", (service, [environment, type, mobility]) => {
    const described = { ...provider, ...(service !== undefined && { service }) };
    const { body } = compose(invite(), { kind: "i3", preparation: { provider: described } });
    expect(body).toContain(`<ServiceEnvironment>${environment}</ServiceEnvironment>`);
    expect(body).toContain(`<ServiceType>${type}</ServiceType>`);
    expect(body).toContain(`<ServiceMobility>${mobility}</ServiceMobility>`);
  });

  test.each([
    ["one that passed", ";verstat=TN-Validation-Passed@192.0.2.1", ";verstat=TN-Validation-Passed@192.0.2.1"],
    ["none, in small letters", ";verstat=no-tn-validation@192.0.2.1", ";verstat=no-tn-validation@192.0.2.1"],
    ["one with an attestation", ";verstat=TN-Validation-Passed-A@192.0.2.1", "@192.0.2.1"],
    ["one without a value", ";verstat;isub=7@192.0.2.1", ";isub=7@192.0.2.1"],
    [
      "two, one of them legal",
      ";verstat=x;verstat=TN-Validation-Failed@192.0.2.1",
      ";verstat=TN-Validation-Failed@192.0.2.1",
    ],
    ["one behind the host", "@192.0.2.1;user=phone;VERSTAT=maybe", "@192.0.2.1;user=phone"],
    ["what only begins like one", ";verstatus=x@192.0.2.1", ";verstatus=x@192.0.2.1"],
  ])("a number's verification that an ESInet cannot read is taken out: %s", (_, written, wanted) => {
    const name = '"+1;verstat=mine" ';
    const sent = withHeaders(invite([["P-Asserted-Identity", `<sip:+12125550100${written}>`]]), (headers) => {
      headers.set("From", `${name}<sip:+12125550100${written}>;tag=t`);
    });
    const got = compose(sent, { kind: "i3" });
    expect(got.get("From")).toBe(`${name}<sip:+12125550100${wanted}>;tag=t`);
    expect(got.getAll("P-Asserted-Identity")).toEqual([`<sip:+12125550100${wanted}>`]);
    // Everywhere else the caller's words pass as they are.
    expect(compose(sent).get("From")).toBe(sent.get("From"));
  });

  test("without a provider no block is added: nobody would answer for it", () => {
    const got = compose(invite(), { kind: "i3", preparation: { provider: null } });
    expect(purposes(got)).toEqual(["emergency-CallId", "emergency-IncidentId", "emergency-source"]);
    expect(got.body).toBe("");
  });
});

describe("whatever the caller sends", () => {
  const octets = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 80,
  });
  const text = fc.string({
    unit: fc.constantFrom("a", "-", "--b1", "\r\n--b1--", "\r\n", "x", "é", " "),
    maxLength: 12,
  });
  const type = fc.constantFrom("text/plain", "application/pidf+xml", "application/octet-stream", "message/sipfrag");
  // A body that holds its own delimiter is no multipart that anybody could read.
  const free = (body: string): boolean => !/^--b[12]/m.test(body) && !/(^|\n)--b[12]/.test(body);
  const leaf = fc.record({ type, body: fc.oneof(octets, text).filter(free) }).map(({ type: of, body }): NewPart => ({
    headers: [
      ["Content-Type", of],
      ["Content-ID", `<${of}@x>`],
    ],
    body,
  }));
  const sdpPart = fc.constant(sdp);
  const nested = fc.array(leaf, { minLength: 1, maxLength: 3 }).map((parts): NewPart => ({
    headers: [["Content-Type", "multipart/related; boundary=b2"]],
    body: formatMultipart(parts, "b2"),
  }));
  const parts = fc
    .tuple(
      fc.array(fc.oneof(leaf, nested), { maxLength: 3 }),
      sdpPart,
      fc.array(fc.oneof(leaf, nested), { maxLength: 3 }),
    )
    .map(([before, offer, after]) => [...before, offer, ...after]);
  const line = fc.constantFrom<HeaderLine>(
    ["Geolocation", "<cid:nobody@x>, <https://lis.example.com/1>;unknown=parameter"],
    ["Geolocation", ";;;"],
    ["Geolocation-Routing", "no"],
    ["Call-Info", "<http://example.com/photo.jpg>;purpose=icon"],
    ["X-Anything", '\u00c3\u00a9 <>;,"'],
    ["Subject", "help"],
  );
  const change = fc.record({
    kind: fc.constantFrom<EmergencyProfile>("pidf-lo", "i3", "elin", "plain"),
    addedLocation: fc.constantFrom(null, added),
    elin: fc.constantFrom(null, "+12125550111"),
  });

  test("every byte of every part survives, one SDP stays, lengths, boundaries and references are right", () => {
    fc.assert(
      fc.property(parts, fc.array(line, { maxLength: 4 }), change, (sentParts, lines, { kind, ...prepared }) => {
        const sent = invite([...lines, mixed], formatMultipart(sentParts, "b1"));
        const got = compose(sent, { kind, preparation: prepared });
        const before = bodyLeaves(sent).map(({ body }) => body);
        const after = bodyLeaves(got);
        // In order and untouched; what is new stands behind.
        expect(after.slice(0, before.length).map(({ body }) => body)).toEqual(before);
        expect(after.filter(({ mediaType }) => mediaType === "application/sdp").map(({ body }) => body)).toEqual([SDP]);
        expect(Number(got.get("Content-Length"))).toBe(got.body.length);
        for (const [name, value] of lines) expect(got.getAll(name)).toContain(value);
        const ours = headerAddresses(got, "Geolocation").concat(headerAddresses(got, "Call-Info"));
        for (const { uri } of ours.filter(
          (each) => each.uri.endsWith("@tandem.example.com") && each.uri.startsWith("cid:"),
        )) {
          const named = after.filter((part) => part.get("Content-ID") === `<${uri.slice(4)}>`);
          expect(named).toHaveLength(1);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("a body that is no multipart, though it says so, is kept as a part", () => {
    const sent = invite([["Content-Type", "multipart/mixed;boundary=nowhere"]], "no delimiter at all");
    const got = compose(sent, { preparation: { addedLocation: added } });
    expect(bodyLeaves(got).map(({ body }) => body)).toEqual(["no delimiter at all", added]);
  });

  test("a part that holds the boundary we would take gets another one", () => {
    const sent = invite([["Content-Type", "text/plain"]], "--tandem-callid26charsofbase32abcde\r\n");
    const got = compose(sent, { preparation: { addedLocation: added } });
    expect(bodyLeaves(got).map(({ body }) => body)).toEqual([sent.body, added]);
  });

  test("a Content-ID that is taken is not taken twice", () => {
    const taken: NewPart = {
      headers: [
        ["Content-Type", "text/plain"],
        ["Content-ID", "<location-callid26charsofbase32abcde@tandem.example.com>"],
      ],
      body: "x",
    };
    const sent = addBody(invite([["Content-Type", "application/sdp"]], SDP), taken, "b1");
    const got = compose(sent, { preparation: { addedLocation: added } });
    const cid = headerAddresses(got, "Geolocation")[0]!.uri.slice("cid:".length);
    expect(findBodyById(got, `<${cid}>`)?.body).toBe(added);
  });
});
