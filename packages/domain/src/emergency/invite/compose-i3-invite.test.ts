import {
  bodyLeaves,
  findBodyById,
  formatMultipart,
  headerAddresses,
  headerValues,
  withHeaders,
  type HeaderLine,
  type NewPart,
  type SipMessage,
} from "@tandem/sip";
import { describe, expect, test } from "vitest";
import {
  CALLER_PIDF,
  SDP,
  added,
  compose,
  invite,
  located,
  mixed,
  pidf,
  provider,
  sdp,
} from "../../../test/emergency/composed-invite.ts";

const purposes = (message: SipMessage): readonly string[] =>
  headerAddresses(message, "Call-Info").map(({ params }) => params.find(([name]) => name === "purpose")?.[1] ?? "");

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
