import { describe, expect, it } from "vitest";
import {
  acceptAt,
  addressIn,
  describeMixer,
  formatsBetween,
  formatsIn,
  holds,
  wantsToTalk,
} from "./mixed-description.ts";

const described = (media: string, ...lines: readonly string[]) =>
  ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", `m=${media}`, ...lines, ""].join("\r\n");
const PHONE = described("audio 4000 RTP/AVP 0 8 9 101", "a=rtpmap:101 telephone-event/8000");

describe("whether a mixer can take two who talk", () => {
  it("tells what the one understands of what both have", () => {
    const psap = described("audio 5000 RTP/AVP 8 96", "a=rtpmap:96 telephone-event/8000");
    expect(formatsBetween(PHONE, psap)).toEqual({ 8: "PCMA", 101: "telephone-event" });
    expect(formatsBetween(psap, PHONE)).toEqual({ 8: "PCMA", 96: "telephone-event" });
  });

  it("sends no comfort noise, and understands it", () => {
    const noisy = described("audio 4000 RTP/AVP 0 13");
    expect(formatsBetween(noisy, noisy)).toEqual({ 0: "PCMU" });
    expect(formatsIn(noisy)).toEqual({ 0: "PCMU", 13: "CN" });
  });

  it.each([
    ["that may talk in another codec, too", described("audio 4000 RTP/AVP 0 9")],
    ["that talk in another codec", described("audio 4000 RTP/AVP 18")],
    ["in a codec of no name", described("audio 4000 RTP/AVP 0 97")],
    ["with wide-band audio of G.711's name", described("audio 4000 RTP/AVP 97", "a=rtpmap:97 PCMU/16000")],
    ["with encrypted media", described("audio 4000 RTP/SAVP 0")],
    ["with text beside audio (RFC 4103)", `${described("audio 4000 RTP/AVP 0")}m=text 4002 RTP/AVP 98\r\n`],
    ["on hold", described("audio 4000 RTP/AVP 0", "a=sendonly")],
    ["on hold as in RFC 2543", described("audio 4000 RTP/AVP 0").replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0")],
    ["without media", described("audio 0 RTP/AVP 0")],
    ["that say nothing", ""],
  ])("refuses two %s", (_, description) => {
    expect(formatsBetween(description, description)).toBeNull();
  });
});

it.each([
  ["a=sendonly", true],
  ["a=inactive", true],
  ["a=sendrecv", false],
])("%s puts on hold: %s", (direction, held) => {
  expect(holds(described("audio 4000 RTP/AVP 0", direction))).toBe(held);
});

describe("a mixer's description", () => {
  it("says where it is, over IPv4 and IPv6", () => {
    const at = { address: "2001:db8::1", port: 31_000 };
    const description = describeMixer(at, { 0: "PCMU", 101: "telephone-event" }, "sendonly");
    expect(addressIn(description)).toEqual(at);
    expect(description).toContain("c=IN IP6 2001:db8::1");
    expect(formatsIn(description)).toEqual({ 0: "PCMU", 101: "telephone-event" });
    expect(wantsToTalk(description)).toBe(false);
    expect(wantsToTalk(describeMixer(at, { 0: "PCMU" }, "sendrecv"))).toBe(true);
  });

  it("takes a copy with all formats of the offer", () => {
    const offer = described("audio 42000 RTP/AVP 0 97", "a=rtpmap:97 X/8000", "a=sendonly", "a=rtcp:42001");
    const accepted = acceptAt({ address: "192.0.2.30", port: 31_002 }, offer);
    expect(addressIn(accepted)).toEqual({ address: "192.0.2.30", port: 31_002 });
    expect(accepted).toContain("m=audio 31002 RTP/AVP 0 97\r\na=rtpmap:97 X/8000\r\na=recvonly\r\n");
    expect(accepted).not.toContain("rtcp");
  });

  it.each(["", "v=0\r\n", described("audio 0 RTP/AVP 0")])("is nowhere in %j", (description) => {
    expect(addressIn(description)).toBeNull();
  });
});
