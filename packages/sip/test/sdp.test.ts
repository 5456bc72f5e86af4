import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatSdp,
  isHold,
  mediaAddress,
  mediaCodecs,
  mediaDirection,
  parseSdp,
  sameSession,
  sdpOrigin,
  withOrigin,
  type Sdp,
} from "@tandem/sip";
import { latin1 } from "./arbitraries.ts";

function read(text: string): Sdp {
  const sdp = parseSdp(text);
  if (sdp === undefined) throw new Error("unreadable");
  return sdp;
}

const offer = [
  "v=0",
  "o=jdoe 18446744073709551615 2 IN IP4 10.0.0.1",
  "s=Secret PBX 4.2",
  "c=IN IP4 192.0.2.1/127",
  "t=0 0",
  "a=recvonly",
  "x-unknown line",
  "m=audio 49170/2 RTP/AVP 8 101  96",
  "c=IN IP6 2001:db8::1",
  "a=rtpmap:101 telephone-event/8000",
  "a=fmtp:101 0-16",
  "a=rtpmap:96 opus/48000/2",
  "a=sendonly",
  "m=video 0 RTP/AVP 31",
  "m=image 5000 udptl t38",
  "",
].join("\r\n");

function withMedia(...lines: string[]): Sdp {
  return read(["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", ...lines, ""].join("\r\n"));
}

describe("session descriptions (RFC 8866)", () => {
  test("sections, addresses, directions, codecs", () => {
    const sdp = read(offer);
    const [audio, video, image] = sdp.media;
    if (audio === undefined || video === undefined || image === undefined) throw new Error("missing media");
    expect(audio).toMatchObject({ kind: "audio", port: 49_170, protocol: "RTP/AVP", formats: ["8", "101", "96"] });
    expect([mediaAddress(sdp, audio), mediaAddress(sdp, image)]).toEqual(["2001:db8::1", "192.0.2.1"]);
    expect([mediaDirection(sdp, audio), mediaDirection(sdp, image)]).toEqual(["sendonly", "recvonly"]);
    expect(mediaCodecs(audio)).toEqual([
      { payload: 8, name: "PCMA", clockRate: 8000, channels: 1, format: undefined },
      { payload: 101, name: "telephone-event", clockRate: 8000, channels: 1, format: "0-16" },
      { payload: 96, name: "opus", clockRate: 48_000, channels: 2, format: undefined },
    ]);
    expect(mediaCodecs(image)).toEqual([]);
  });

  test("an unknown payload type has no name and no rate", () => {
    const [audio] = withMedia("m=audio 1 RTP/AVP 97", "a=rtpmap:98 x/1").media;
    expect(audio && mediaCodecs(audio)).toEqual([
      { payload: 97, name: "", clockRate: 0, channels: 1, format: undefined },
    ]);
  });

  test("a section without any connection line has no address", () => {
    const sdp = read("v=0\r\nm=audio x\r\n");
    expect(sdp.media[0]).toMatchObject({ port: 0, protocol: "", formats: [] });
    expect(sdp.media[0] && mediaAddress(sdp, sdp.media[0])).toBeUndefined();
  });

  test("the origin keeps ids of any length", () => {
    expect(sdpOrigin(read(offer))).toEqual({
      username: "jdoe",
      sessionId: "18446744073709551615",
      version: "2",
      address: "10.0.0.1",
    });
    expect(sdpOrigin(read("v=0\r\no=short 1\r\n"))).toBeUndefined();
  });

  test("anything that does not begin with v= is none", () => {
    expect(parseSdp("")).toBeUndefined();
    expect(parseSdp("o=- 1 1 IN IP4 h")).toBeUndefined();
  });

  test("whatever follows v=, formatting gives the same bytes", () => {
    const line = fc.oneof(
      latin1,
      fc.constantFrom("m=audio 1 RTP/AVP 0", "m =video", "a=sendrecv", "c=", "", "m=", "o=\r"),
    );
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom("\r\n", "\n"), (lines, end) => {
        const text = ["v=0", ...lines].join(end);
        expect(formatSdp(read(text))).toBe(text);
      }),
    );
  });
});

describe("hold (RFC 3264 §8.4)", () => {
  test.each([
    ["sendonly", ["m=audio 1 RTP/AVP 0", "a=sendonly"], true],
    ["inactive for the session", ["a=inactive", "m=audio 1 RTP/AVP 0"], true],
    ["0.0.0.0 (RFC 2543)", ["m=audio 1 RTP/AVP 0", "c=IN IP4 0.0.0.0"], true],
    ["a refused section does not count", ["m=audio 1 RTP/AVP 0", "a=sendonly", "m=video 0 RTP/AVP 31"], true],
    ["video goes on", ["m=audio 1 RTP/AVP 0", "a=sendonly", "m=video 1 RTP/AVP 31"], false],
    ["recvonly", ["m=audio 1 RTP/AVP 0", "a=recvonly"], false],
    ["no direction", ["m=audio 1 RTP/AVP 0"], false],
    ["the section's direction wins", ["a=inactive", "m=audio 1 RTP/AVP 0", "a=sendrecv"], false],
    ["nothing in use", ["m=audio 0 RTP/AVP 0", "a=inactive"], false],
    ["no media", [], false],
  ])("%s", (_fact, lines, expected) => {
    expect(isHold(withMedia(...lines))).toBe(expected);
  });
});

describe("topology hiding", () => {
  test("o= and s= are rewritten, every other line stays byte for byte", () => {
    const hidden = withOrigin(read(offer), {
      username: "-",
      sessionId: "7",
      version: "1",
      address: "2001:db8::5",
      sessionName: "-",
    });
    expect(formatSdp(hidden)).toBe(
      offer
        .replace("o=jdoe 18446744073709551615 2 IN IP4 10.0.0.1", "o=- 7 1 IN IP6 2001:db8::5")
        .replace("s=Secret PBX 4.2", "s=-"),
    );
  });

  test("what is not named stays; an unreadable o= stays", () => {
    expect(formatSdp(withOrigin(read(offer), { version: "3" }))).toBe(offer.replace("5 2 IN", "5 3 IN"));
    const odd = "v=0\r\no=odd\r\ns=x\r\n";
    expect(formatSdp(withOrigin(read(odd), { username: "-", sessionName: "y" }))).toBe(odd.replace("s=x", "s=y"));
  });
});

describe("the same session", () => {
  test.each([
    ["another version only", offer, offer.replace("5 2 IN", "5 3 IN"), true],
    ["identical", offer, offer, true],
    ["another port", offer, offer.replace("49170", "49172"), false],
    ["another session id", offer, offer.replace("18446744073709551615", "1"), false],
    ["no description", offer, "", false],
  ])("%s", (_fact, a, b, expected) => {
    expect(sameSession(a, b)).toBe(expected);
    expect(sameSession(b, a)).toBe(expected);
  });
});
