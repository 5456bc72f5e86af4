import { bodyLeaves, type HeaderLine } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import {
  composePidf,
  detailRecords,
  ladder,
  type EmergencyEgress,
  type EmergencyPreparation,
} from "../../src/index.ts";
import { CallRig, OFFER, plan } from "./call-rig.ts";

const egress: EmergencyEgress = { kind: "pidf-lo", location: "pass", screening: false };
const pidf = composePidf({
  entity: "sip:+12065550100@tandem.example",
  civic: { country: "US", a3: "Albany" },
  method: "Default",
  provider: null,
  atMs: 0,
});
const ours: Partial<EmergencyPreparation> = {
  callbackNumber: "+12065550100",
  location: { kind: "site-default", method: "Default" },
  addedLocation: pidf,
};

describe("the INVITE of an emergency call", () => {
  it("i3: the service in Request-URI and To, whomever the caller named (NENA-STA-010.3 §4.1)", () => {
    const rig = new CallRig();
    const attempt = plan("esinet", { calledNumber: "urn:service:sos.fire", emergency: { ...egress, kind: "i3" } });
    rig.invite({ uri: "sip:911@tandem.example", to: "<tel:911>", emergency: ours, attempts: [attempt] });
    const { request, nextHop } = rig.sent("INVITE");
    expect(request.uri).toBe("urn:service:sos.fire");
    expect(request.get("To")).toBe("<urn:service:sos.fire>");
    expect(request.get("Route")).toBe("<sip:esinet.peer.example:5060>");
    expect(nextHop).toBe("sip:esinet.peer.example:5060");
  });

  it("a hidden caller is called back all the same: From and P-Asserted-Identity (A19, RFC 6881 SP-36)", () => {
    const rig = new CallRig();
    rig.invite({
      from: '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=x',
      headers: [["Privacy", "id"]],
      emergency: ours,
      attempts: [plan("sos", { emergency: egress })],
    });
    const { request } = rig.sent("INVITE");
    expect(request.get("From")).toMatch(/^<sip:\+12065550100@tandem\.example;user=phone>;tag=/);
    expect(request.get("P-Asserted-Identity")).toBe("<sip:+12065550100@tandem.example;user=phone>");
  });

  it("a hidden caller whose number nobody knows stays hidden", () => {
    const rig = new CallRig();
    const from = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=x';
    rig.invite({ from, emergency: ours, attempts: [plan("sos", { callingNumber: "anonymous", emergency: egress })] });
    expect(rig.sent("INVITE").request.get("From")).toContain("anonymous.invalid");
  });

  it("each attempt has the form its trunk wants, made of the same request", () => {
    const rig = new CallRig();
    const attempts = [
      plan("sos", { emergency: egress }),
      plan("gateway", { callingNumber: "+12065550111", emergency: { ...egress, kind: "elin", location: "strip" } }),
    ];
    rig.invite({ emergency: { ...ours, elin: "+12065550111" }, attempts });
    const first = rig.sent("INVITE").request;
    expect(bodyLeaves(first).map(({ mediaType }) => mediaType)).toEqual(["application/sdp", "application/pidf+xml"]);
    rig.answer(rig.sent("INVITE"), 503);
    const second = rig.sent("INVITE").request;
    expect(second.get("Content-Type")).toBe("application/sdp");
    expect(second.has("Geolocation")).toBe(false);
    expect(second.get("From")).toContain("sip:+12065550111@");
    expect(second.get("P-Asserted-Identity")).toContain("sip:+12065550111@");
  });

  it.each([400, 415, 420, 424, 488, 513])(
    "a way that refuses it with %i is tried once more with the session description alone, after all ways",
    (status) => {
      const rig = new CallRig();
      const attempts = [
        plan("first", { emergency: egress }),
        plan("esinet", { calledNumber: "urn:service:sos", emergency: { ...egress, kind: "i3" } }),
        plan("stripping", { emergency: { ...egress, location: "strip" } }),
      ];
      const provider = {
        id: null,
        fqdn: "provider.example",
        contact: "tel:+1",
        language: "en",
        type: "x",
        service: null,
      };
      rig.invite({ emergency: { ...ours, provider: provider as never }, attempts });
      for (let sent = 0; sent < 3; sent += 1) rig.answer(rig.sent("INVITE"), status);
      expect(rig.call.attempts.map(({ trunk }) => trunk)).toEqual(["first", "esinet", "stripping", "first"]);
      expect(rig.sent("INVITE").request.get("Content-Type")).toBe("application/sdp");
      expect(rig.sent("INVITE").request.has("Geolocation")).toBe(false);
      rig.answer(rig.sent("INVITE"), status);
      const last = rig.sent("INVITE").request;
      expect(last.uri).toBe("urn:service:sos");
      expect(last.get("Content-Type")).toBe("application/sdp");
      expect(last.getAll("Call-Info").join()).not.toContain("cid:");
      expect(detailRecords(rig.call, rig.now).attempts.map((attempt) => attempt.descriptionOnly === true)).toEqual([
        false,
        false,
        false,
        true,
        true,
      ]);
      expect(ladder(rig.call).filter(({ summary }) => summary.endsWith(", session description alone"))).toHaveLength(2);
      rig.answer(rig.sent("INVITE"), status);
      expect(rig.responded().response.status).toBe(503);
      expect(rig.allSent("INVITE")).toHaveLength(5);
    },
  );

  it.each([486, 503])("%i says nothing about the location: no second time", (status) => {
    const rig = new CallRig();
    rig.invite({ emergency: ours, attempts: [plan("first", { emergency: egress })] });
    rig.answer(rig.sent("INVITE"), status);
    expect(rig.responded().response.status).toBe(503);
  });

  it("a caller without a session description gets its location added, too", () => {
    const rig = new CallRig();
    rig.invite({ body: "", emergency: ours, attempts: [plan("sos", { emergency: egress })] });
    expect(bodyLeaves(rig.sent("INVITE").request).map(({ body }) => body)).toEqual([pidf]);
  });

  it.each<[string, Partial<EmergencyPreparation>, boolean]>([
    ["of ours is not the caller's business (RFC 6442 §4.3)", ours, false],
    ["of the caller is told to the caller", { location: { kind: "value", method: "LIS" } }, true],
  ])("what is wrong with a location %s", (_, emergency, passes) => {
    const rig = new CallRig();
    rig.invite({ emergency, attempts: [plan("sos", { emergency: egress })] });
    const headers: readonly HeaderLine[] = [["Geolocation-Error", '200;code="Permission"']];
    rig.answer(rig.sent("INVITE"), 183, { headers, body: OFFER });
    expect(rig.responded().response.has("Geolocation-Error")).toBe(passes);
  });
});
