import { describe, expect, it } from "vitest";
import type { HeaderLine } from "@tandem/sip";
import type { LegProfile } from "../../src/index.ts";
import { CallRig, plan, profile, type InviteOptions } from "./call-rig.ts";

function outgoing(options: InviteOptions = {}) {
  const rig = new CallRig();
  rig.invite(options);
  return rig.sent("INVITE").request;
}

function towards(change: Partial<LegProfile>) {
  return [plan("first", { profile: profile("first", change) })];
}

describe("hosts in identities, history and diversion", () => {
  const named = ["P-Asserted-Identity", "Remote-Party-ID", "History-Info", "Diversion"];
  const forwarded = { forwardPai: true, forwardHistory: true, forwardDiversion: true };

  it.each([
    [
      "a host of the sender's network that no other header names",
      "<sip:+12065550100@pbx7.core.example:5071;user=phone>",
    ],
    ["with a password", "<sip:bob:pw@pbx7.core.example>"],
    ["with a comma in the user part", "<sip:+12065550100,7@pbx7.core.example>"],
    ["without brackets, in a list", "sip:1@pbx7.core.example, sip:2@pbx7.core.example"],
    ["without brackets and blanks", "sip:1@pbx7.core.example,sip:2@pbx7.core.example"],
    ["without a user", "<sips:PBX7.Core.Example.>"],
    ["an address", "<sip:+12065550100@[2001:db8::7]>"],
  ])("an untrusted peer sees none: %s", (_, value) => {
    const request = outgoing({ headers: named.map((name) => [name, value]), attempts: towards(forwarded) });
    for (const name of named) {
      expect(request.get(name)).toMatch(/@?tandem\.example:5060/);
      expect(request.get(name)).not.toMatch(/pbx7|2001/i);
    }
  });

  it("who is anonymous stays so (RFC 3323 §4.1.1.3)", () => {
    const value = "<sip:anonymous@anonymous.invalid>";
    const request = outgoing({ headers: [["P-Asserted-Identity", value]], attempts: towards(forwarded) });
    expect(request.get("P-Asserted-Identity")).toBe(value);
  });

  it("a trusted peer sees no address either, in a user part with a password or a comma", () => {
    const value = "<sip:bob:pw@10.1.2.3>, <sip:+12065550100,7@10.1.2.3>";
    const headers: readonly HeaderLine[] = [["P-Asserted-Identity", value]];
    const request = outgoing({ headers, attempts: towards({ forwardPai: true, trusted: true }) });
    expect(request.get("P-Asserted-Identity")).not.toContain("10.1.2.3");
  });

  it("a call for help names the identity as before: the call taker may need its domain", () => {
    const emergency = { service: "urn:service:sos", test: false };
    const headers: readonly HeaderLine[] = [["P-Asserted-Identity", "<sip:+12065550100@id.example>"]];
    expect(outgoing({ emergency, headers }).get("P-Asserted-Identity")).toContain("@id.example");
  });
});

describe("addresses of pages, pictures and tones", () => {
  const named = ["Call-Info", "Alert-Info", "Error-Info"];
  const inside = "<https://Caller.secret.example:8080/faces/7.png>;purpose=icon";
  const sent = (value: string, options: InviteOptions) =>
    named.map((name) => outgoing({ headers: [[name, value]], ...options }).get(name));

  it.each([
    ["a host of the sender's network", inside],
    ["an address", "<http://10.1.2.3/7.wav>"],
    ["an address of IPv6, with a user", "<http://a@[2001:db8::7]/7.wav>"],
    ["a SIP URI, not alone", "<urn:alert:tone>, <sip:10.1.2.3>"],
  ])("an untrusted peer gets none in the sender's network: %s", (_, value) => {
    expect(sent(value, { attempts: towards({}) })).toEqual([undefined, undefined, undefined]);
  });

  it.each(["<urn:alert:source:internal>", "<https://pictures.example/caller.secret.example/7.png>;purpose=icon"])(
    "others pass as they are: %s",
    (value) => {
      expect(sent(value, { attempts: towards({}) })).toEqual([value, value, value]);
    },
  );

  it("a trusted peer and a call taker get all", () => {
    expect(sent(inside, { attempts: towards({ trusted: true }) })).toEqual([inside, inside, inside]);
    expect(sent(inside, { emergency: { service: "urn:service:sos", test: false } })).toEqual([inside, inside, inside]);
  });
});
