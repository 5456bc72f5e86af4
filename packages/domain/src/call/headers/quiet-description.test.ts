import { formatSdp, parseSdp } from "@tandem/sip";
import { describe, expect, test } from "vitest";
import { offersMuLaw, withoutSilence } from "./quiet-description.ts";

function sdp(...media: readonly string[]): string {
  return ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", ...media, ""].join("\r\n");
}

function quiet(text: string): string {
  const parsed = parseSdp(text);
  return parsed === undefined ? text : formatSdp(withoutSilence(parsed));
}

describe("towards a PSAP (RFC 6881 ED-73, A20)", () => {
  test.each<readonly [string, readonly string[], readonly string[]]>([
    ["static comfort noise goes", ["m=audio 4000 RTP/AVP 0 13", "a=rtpmap:13 CN/8000"], ["m=audio 4000 RTP/AVP 0"]],
    ["without an rtpmap, too", ["m=audio 4000 RTP/AVP 0 13 101"], ["m=audio 4000 RTP/AVP 0 101"]],
    [
      "so does comfort noise of another rate, with what is said of it",
      ["m=audio 4000 RTP/AVP 9 118", "a=rtpmap:118 CN/16000", "a=fmtp:118 x", "a=sendrecv"],
      ["m=audio 4000 RTP/AVP 9", "a=sendrecv"],
    ],
    [
      "G.729 annex B is declined",
      ["m=audio 4000 RTP/AVP 18", "a=fmtp:18 annexb=yes"],
      ["m=audio 4000 RTP/AVP 18", "a=fmtp:18 annexb=no"],
    ],
    [
      "also where nothing is said, which means yes",
      ["m=audio 4000 RTP/AVP 18", "a=sendrecv"],
      ["m=audio 4000 RTP/AVP 18", "a=sendrecv", "a=fmtp:18 annexb=no"],
    ],
    [
      "Opus is told to transmit on",
      ["m=audio 4000 RTP/AVP 96", "a=rtpmap:96 opus/48000/2", "a=fmtp:96 minptime=10;usedtx=1;useinbandfec=1"],
      ["m=audio 4000 RTP/AVP 96", "a=rtpmap:96 opus/48000/2", "a=fmtp:96 minptime=10;usedtx=0;useinbandfec=1"],
    ],
    [
      "silence suppression of the stream is off",
      ["m=audio 4000 RTP/AVP 0", "a=silenceSupp:on - - - -"],
      ["m=audio 4000 RTP/AVP 0", "a=silenceSupp:off - - - -"],
    ],
  ])("%s", (_, before, after) => {
    expect(quiet(sdp(...before))).toBe(sdp(...after));
  });

  test.each<readonly [string, readonly string[]]>([
    [
      "G.711 and telephone events",
      ["m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15"],
    ],
    ["G.729 that declines it already", ["m=audio 4000 RTP/AVP 18", "a=fmtp:18 annexb=no"]],
    ["nothing but comfort noise", ["m=audio 4000 RTP/AVP 13"]],
    ["video with payload type 13", ["m=video 4000 RTP/AVP 13"]],
    ["what is no description", ["m=audio"]],
  ])("stays byte for byte: %s", (_, media) => {
    expect(quiet(sdp(...media))).toBe(sdp(...media));
  });
});

describe("G.711 in an offer", () => {
  test.each<readonly [string, boolean, readonly string[]]>([
    ["static PCMU", true, ["m=audio 4000 RTP/AVP 8 0"]],
    ["dynamic PCMU", true, ["m=audio 4000 RTP/AVP 96", "a=rtpmap:96 pcmu/8000"]],
    ["Opus alone", false, ["m=audio 4000 RTP/SAVP 96", "a=rtpmap:96 opus/48000/2"]],
    ["A-law alone", false, ["m=audio 4000 RTP/AVP 8"]],
    ["no audio at all", true, ["m=text 4000 RTP/AVP 98"]],
    ["audio that is refused", true, ["m=audio 0 RTP/AVP 8"]],
  ])("%s: %s", (_, offered, media) => {
    expect(offersMuLaw(sdp(...media))).toBe(offered);
  });

  test("no description, no judgement", () => {
    expect(offersMuLaw("")).toBe(true);
  });
});
