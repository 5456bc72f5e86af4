import { withHeaders, type HeaderLine } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import { transition, newCall, type LegProfile } from "../../src/index.ts";
import { callerInvite, CallRig, OFFER, plan, profile, START_MS, type InviteOptions } from "./call-rig.ts";
import { outgoing, towards } from "./sent-invite.ts";

describe("headers of the INVITE towards the called side", () => {
  it("unknown headers pass byte for byte and in order", () => {
    const lines: readonly HeaderLine[] = [
      ["X-First", "odd   spacing ; and=, commas"],
      ["x-second", "caf\u00e9 \u00e9"],
      ["X-First", "again"],
      ["Geolocation", "<cid:here@caller.secret.example>;inserted-by=x"],
      ["Geolocation", "<https://lis.example/x>"],
      ["Geolocation-Routing", "yes"],
      ["Priority", "emergency"],
      ["Identity", "eyJ...;info=<https://cert.example/c.pem>;alg=ES256"],
      ["s", "subject in compact form"],
    ];
    const names = new Set(lines.map(([name]) => name));
    expect(outgoing({ headers: lines }).headers.filter(([name]) => names.has(name))).toEqual(lines);
  });

  it.each([
    "Via",
    "Route",
    "Record-Route",
    "Server",
    "User-Agent",
    "Organization",
    "Warning",
    "Authorization",
    "Proxy-Authorization",
    "Timestamp",
    "In-Reply-To",
    "Target-Dialog",
    "P-Preferred-Identity",
    "Path",
    "Security-Client",
    "P-Charging-Vector",
    "P-Asserted-Identity",
    "Remote-Party-ID",
    "History-Info",
    "Diversion",
  ])("%s stays behind by default", (name) => {
    expect(outgoing({ headers: [[name, "<sip:secret@caller.secret.example>"]] }).get(name)).toBeUndefined();
  });

  it.each<[string, string, Partial<LegProfile>, string | undefined]>([
    [
      "P-Asserted-Identity passes with forwardPai",
      "P-Asserted-Identity",
      { forwardPai: true },
      "<sip:+12065550100@tandem.example:5060>",
    ],
    [
      "Remote-Party-ID passes with forwardPai",
      "Remote-Party-ID",
      { forwardPai: true },
      "<sip:+12065550100@tandem.example:5060>",
    ],
    [
      "History-Info passes with forwardHistory",
      "History-Info",
      { forwardHistory: true },
      "<sip:+12065550100@tandem.example:5060>",
    ],
    [
      "Diversion passes with forwardDiversion",
      "Diversion",
      { forwardDiversion: true },
      "<sip:+12065550100@tandem.example:5060>",
    ],
    [
      "a trusted peer is told the identity's domain (RFC 3325 §4)",
      "P-Asserted-Identity",
      { forwardPai: true, trusted: true },
      "<sip:+12065550100@id.example>",
    ],
    ["network headers pass to trusted peers", "P-Charging-Vector", { trusted: true }, "<sip:+12065550100@id.example>"],
  ])("%s", (_, name, change, expected) => {
    const headers: readonly HeaderLine[] = [[name, "<sip:+12065550100@id.example>"]];
    expect(outgoing({ headers, attempts: towards(change) }).get(name)).toBe(expected);
  });

  it("identities that pass name us where they named the caller's network, and keep every other byte", () => {
    const headers: readonly HeaderLine[] = [
      ["P-Asserted-Identity", '"A, B" <sip:+12065550100@caller.secret.example:5070;user=phone>, <tel:+12065550100>'],
      ["History-Info", "<sip:1@10.1.2.3?Reason=SIP%3Bcause%3D302>;index=1, <sip:2@other.example>;index=1.1"],
    ];
    const request = outgoing({ headers, attempts: towards({ forwardPai: true, forwardHistory: true, trusted: true }) });
    expect(request.get("P-Asserted-Identity")).toBe(
      '"A, B" <sip:+12065550100@tandem.example:5060;user=phone>, <tel:+12065550100>',
    );
    expect(request.get("History-Info")).toBe(
      "<sip:1@tandem.example:5060?Reason=SIP%3Bcause%3D302>;index=1, <sip:2@other.example>;index=1.1",
    );
  });

  it.each<[string, Partial<LegProfile>, boolean]>([
    ["RFC 3325 §7: Privacy id keeps the identity from an untrusted peer", { forwardPai: true }, false],
    ["a trusted peer gets it", { forwardPai: true, trusted: true }, true],
  ])("%s", (_, change, passes) => {
    const headers: readonly HeaderLine[] = [
      ["P-Asserted-Identity", "<tel:+12065550100>"],
      ["Privacy", "header;id"],
    ];
    const request = outgoing({ headers, attempts: towards(change) });
    expect(request.has("P-Asserted-Identity")).toBe(passes);
    expect(request.get("Privacy")).toBe("header;id");
  });

  it("an emergency call shows the identity whatever privacy and trunk say", () => {
    const emergency = { service: "urn:service:sos", test: false };
    const headers: readonly HeaderLine[] = [
      ["P-Asserted-Identity", "<tel:+12065550100>"],
      ["Privacy", "id"],
    ];
    expect(outgoing({ emergency, headers }).get("P-Asserted-Identity")).toBe("<tel:+12065550100>");
  });

  it("Supported, Require and Allow hold what works end to end; a line that all of it works stays as written", () => {
    const request = outgoing({
      headers: [
        ["Supported", "geolocation,  histinfo"],
        ["Supported", "replaces, outbound, path"],
        ["Require", "geolocation"],
        ["Allow", "INVITE,ACK, BYE"],
        ["Allow", "REGISTER, UPDATE"],
      ],
    });
    expect(request.getAll("Supported")).toEqual(["geolocation,  histinfo", "replaces", "timer"]);
    expect(request.get("Require")).toBe("geolocation");
    expect(request.getAll("Allow")).toEqual(["INVITE,ACK, BYE", "UPDATE"]);
  });
});

describe("what an INVITE is refused for", () => {
  it.each<[string, InviteOptions, number, HeaderLine | null]>([
    ["RFC 3261 §8.2.2.3: unknown Require", { headers: [["Require", "geolocation, foo"]] }, 420, ["Unsupported", "foo"]],
    ["RFC 3261 §8.2.2.3: Proxy-Require", { headers: [["Proxy-Require", "bar"]] }, 420, ["Unsupported", "bar"]],
    ["RFC 3261 §16.3: Max-Forwards 0", { headers: [["Max-Forwards", "0"]] }, 483, null],
    ["a decision that refuses", { rejection: "no-shared-usage" }, 403, null],
  ])("%s", (_, options, status, header) => {
    const rig = new CallRig();
    rig.invite(options);
    expect(rig.responded().response.status).toBe(status);
    if (header !== null) expect(rig.responded().response.get(header[0])).toBe(header[1]);
    expect(rig.kinds().at(-1)).toBe("finish");
    expect(rig.kinds()).not.toContain("save");
  });

  it("a loop: our own mark of this place and target comes back", () => {
    const path = outgoing().get("Tandem-Path") ?? "";
    const rig = new CallRig();
    rig.invite({ headers: [["Tandem-Path", path]] });
    expect(rig.responded().response.status).toBe(482);
  });

  it("a mark of another cluster, whose trunk has the same name, is none of ours", () => {
    const path = outgoing().get("Tandem-Path") ?? "";
    const rig = new CallRig();
    rig.invite({ ingress: { contactHost: "other.example:5060" }, headers: [["Tandem-Path", path]] });
    expect(rig.allSent("INVITE")).toHaveLength(1);
  });

  it("a spiral with another target is no loop; the path grows", () => {
    const path = outgoing().get("Tandem-Path") ?? "";
    const next = outgoing({ uri: "sip:+12065550111@tandem.example", headers: [["Tandem-Path", path]] });
    expect(next.get("Tandem-Path")).toMatch(new RegExp(`^${path}, `));
  });

  it("an emergency call whose hops are used up goes one further (RFC 3261 §16.3 item 3 is for loops)", () => {
    const rig = new CallRig();
    rig.invite({ headers: [["Max-Forwards", "0"]], emergency: {} });
    expect(rig.sent("INVITE").request.get("Max-Forwards")).toBe("0");
  });

  it("a missing Max-Forwards counts as 70", () => {
    const step = transition(
      newCall("abcdefgh", START_MS),
      {
        kind: "invite",
        transaction: "t",
        request: withHeaders(callerInvite(), (headers) => headers.remove("Max-Forwards")),
        ingress: profile("core"),
        attempts: [plan("first")],
        considered: [],
        emergency: null,
      },
      START_MS,
    );
    const sent = step.effects.find((effect) => effect.kind === "send");
    expect(sent?.kind === "send" && sent.request.get("Max-Forwards")).toBe("69");
  });
});

describe("bodies", () => {
  const PIDF = "<presence>\r\n--not a boundary\r\no=not sdp\r\n</presence>";
  const nested = [
    "preamble stays",
    "--outer",
    "Content-Type: application/pidf+xml",
    "Content-ID: <here@caller.secret.example>",
    "",
    PIDF,
    "--outer",
    'Content-Type: multipart/alternative; boundary="inner"',
    "",
    "--inner",
    "Content-Type: application/sdp",
    "",
    OFFER,
    "--inner--",
    "",
    "--outer--",
    "",
  ].join("\r\n");

  it("a multipart changes in its SDP's o= and s= only", () => {
    const request = outgoing({ body: nested, contentType: 'multipart/mixed;boundary="outer"' });
    const undo = request.body
      .replace(/^o=- .*\r$/m, /^o=.*\r$/m.exec(OFFER)?.[0] ?? "")
      .replace(/^s=-\r$/m, /^s=.*\r$/m.exec(OFFER)?.[0] ?? "");
    expect(request.body).not.toBe(nested);
    expect(request.body).not.toContain("caller.host.invalid");
    expect(undo).toBe(nested);
    expect(request.get("Content-Type")).toBe('multipart/mixed;boundary="outer"');
  });

  it("any other body passes byte for byte", () => {
    const body = "o=looks like sdp\r\ns=but is not\r\n\u00ff\u0000";
    expect(outgoing({ body, contentType: "application/octet-stream" }).body).toBe(body);
  });
});

describe("final failures towards the caller", () => {
  it("Reason passes, SIP and Q.850", () => {
    const rig = new CallRig();
    rig.invite();
    const reason = 'SIP;cause=486;text="Busy", Q.850;cause=17;text="User busy"';
    rig.answer(rig.sent("INVITE"), 486, { headers: [["Reason", reason]] });
    expect(rig.responded().response.getAll("Reason")).toEqual([reason]);
  });

  it("one without a Q.850 cause gets that of RFC 3398", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 486);
    expect(rig.responded().response.getAll("Reason")).toEqual(["Q.850;cause=17"]);
  });

  it("Warning and Server name hosts and stay behind, Contact of a 3xx too", () => {
    const rig = new CallRig();
    rig.invite();
    rig.answer(rig.sent("INVITE"), 488, {
      headers: [
        ["Warning", '304 callee.secret.example "Media type not available"'],
        ["Server", "callee/1.0"],
      ],
    });
    expect(JSON.stringify(rig.responded().response.headers)).not.toContain("callee");
  });
});
