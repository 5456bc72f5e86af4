import type { PeerCertificate } from "node:tls";
import { describe, expect, test } from "vitest";
import { certificateIdentities, coversHost } from "./tls-identity.ts";

function certificate(subjectaltname: string | undefined, commonName = "cn.example.com"): PeerCertificate {
  return { subject: { CN: commonName }, subjectaltname } as unknown as PeerCertificate;
}

describe("identities of a certificate, RFC 5922 §7.1", () => {
  const rows: readonly [string, string | undefined, readonly string[]][] = [
    ["DNS names, lower case", "DNS:GW.example.com, DNS:b.example.com", ["gw.example.com", "b.example.com"]],
    [
      "hosts of SIP URIs",
      "URI:sip:example.com, URI:sips:secure.example.com:5061",
      ["example.com", "secure.example.com"],
    ],
    ["no SIP URI with a user", "URI:sip:alice@example.com, DNS:a.example.com", ["a.example.com"]],
    ["no other URIs", "URI:https://example.com/, DNS:a.example.com", ["a.example.com"]],
    ["addresses", "IP Address:10.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1", ["10.0.0.1", "2001:db8:0:0:0:0:0:1"]],
    ["no e-mail", "email:a@example.com", ["cn.example.com"]],
    ["a quoted name that pretends to be two", 'DNS:"a.example.com, DNS:b.example.com"', ["cn.example.com"]],
    ["the common name when there is nothing else", undefined, ["cn.example.com"]],
    ["no common name beside others", "DNS:a.example.com", ["a.example.com"]],
  ];
  test.each(rows)("%s", (_fact, names, expected) => {
    expect(certificateIdentities(certificate(names))).toEqual(expected);
  });
});

describe("does it name the host? RFC 5922 §7.2", () => {
  const rows: readonly [string, readonly string[], string, boolean, boolean][] = [
    ["the very name", ["gw.example.com"], "gw.example.com", false, true],
    ["in another case", ["gw.example.com"], "GW.Example.com", false, true],
    ["a name below", ["example.com"], "gw.example.com", false, false],
    ["a wildcard, as the RFC wants", ["*.example.com"], "gw.example.com", false, false],
    ["a wildcard where allowed", ["*.example.com"], "gw.example.com", true, true],
    ["a wildcard covers one label", ["*.example.com"], "a.gw.example.com", true, false],
    ["a wildcard does not cover the domain", ["*.example.com"], "example.com", true, false],
    ["an IPv6 address in another notation", ["2001:db8:0:0:0:0:0:1"], "2001:db8::1", false, true],
    ["nothing verified", [], "gw.example.com", false, false],
  ];
  test.each(rows)("%s", (_fact, identities, host, wildcards, expected) => {
    expect(coversHost(identities, host, wildcards)).toBe(expected);
  });
});
