import type { BoundListener } from "@tandem/sip-endpoint";
import { describe, expect, test } from "vitest";
import { hostports, isOwnUri, listenerTowards, ownContact, withOwnHost } from "./own-address.ts";

const udp: BoundListener = {
  name: "u",
  transport: "udp",
  address: "10.0.0.1",
  port: 5060,
  advertisedAddress: "203.0.113.1",
  advertisedPort: 5070,
};
const tcp: BoundListener = { ...udp, name: "t", transport: "tcp" };
const v6: BoundListener = {
  ...udp,
  name: "v6",
  address: "::1",
  advertisedAddress: "2001:db8::1",
  advertisedPort: 5060,
};

describe("withOwnHost", () => {
  test.each([
    ["localhost becomes the advertised address", "<sip:a@localhost>;tag=1", false, "<sip:a@203.0.113.1:5070>;tag=1"],
    ["also without brackets", "sip:a@localhost;tag=1", false, "<sip:a@203.0.113.1:5070>;tag=1"],
    ["with a display name", '"A B" <sip:a@localhost:5060>', false, '"A B" <sip:a@203.0.113.1:5070>'],
    ["a user named localhost is left alone", "<sip:localhost@b.example>", false, "<sip:localhost@b.example>"],
    ["a domain is left alone", "<sip:a@b.example>", true, "<sip:a@b.example>"],
    ["a foreign IPv4 literal only in Contact", "<sip:a@192.168.1.5>", false, "<sip:a@192.168.1.5>"],
    [
      "which gets our host and transport",
      "<sip:a@192.168.1.5;transport=ws>;x=1",
      true,
      "<sip:a@203.0.113.1:5070;transport=udp>;x=1",
    ],
    ["our own literal is left alone", "<sip:a@203.0.113.1:9>", true, "<sip:a@203.0.113.1:9>"],
    ["what is no address is left alone", "*", true, "*"],
  ])("%s", (_name, value, rewriteIp, expected) => {
    expect(withOwnHost(value, udp, rewriteIp)).toBe(expected);
  });
});

test("contacts and hostports", () => {
  expect([ownContact(udp), ownContact(tcp), ownContact(v6)]).toEqual([
    "<sip:203.0.113.1:5070>",
    "<sip:203.0.113.1:5070;transport=tcp>",
    "<sip:[2001:db8::1]:5060>",
  ]);
  expect([hostports([udp, v6], false), hostports([udp, v6], true)]).toEqual([
    "udp/203.0.113.1:5070,udp/[2001:db8::1]:5060",
    "udp/10.0.0.1:5060,udp/[::1]:5060",
  ]);
});

test.each([
  ["sip:b@x", "u"],
  ["sip:b@x;transport=tcp", "t"],
  ["sip:b@x;transport=TCP", "t"],
  ["sips:b@x", "u"],
])("%s leaves by listener %s", (uri, name) => {
  expect(listenerTowards(uri, [udp, tcp])?.name).toBe(name);
});

test.each([
  ["sip:x@203.0.113.1:5070", true],
  ["sip:x@10.0.0.1", true],
  ["sip:x@10.0.0.1:5061", false],
  ["sip:x@[2001:db8::1]", true],
  ["tel:+1", false],
])("%s is ours: %s", (uri, ours) => {
  expect(isOwnUri(uri, [udp, v6])).toBe(ours);
});
