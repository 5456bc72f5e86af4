import { parseMessage } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import { describeMessage } from "./describe-message.ts";

function message(...lines: readonly string[]) {
  const parsed = parseMessage(lines.join("\r\n"));
  if (!parsed.ok) throw new Error(parsed.error.detail);
  return parsed.value;
}

const multipart = [
  "Content-Type: multipart/mixed;boundary=b",
  "",
  "--b",
  "Content-Type: application/sdp",
  "",
  "v=0",
  "--b",
  "Content-Type: application/pidf+xml",
  "",
  "<presence/>",
  "--b--",
];

describe("describeMessage", () => {
  it.each([
    ["an INVITE by its called number", message("INVITE sip:+12125550123@h SIP/2.0", "", ""), "INVITE +12125550123", ""],
    ["an INVITE to a URN by the URN", message("INVITE urn:service:sos SIP/2.0", "", ""), "INVITE urn:service:sos", ""],
    [
      "another request by its method",
      message("BYE sip:x@h SIP/2.0", "Reason: Q.850;cause=16", "", ""),
      "BYE",
      "Q.850 cause 16",
    ],
    ["a response by status and phrase", message("SIP/2.0 180 Ringing", "", ""), "180 Ringing", ""],
    [
      "an offer",
      message("INVITE sip:1@h SIP/2.0", "Content-Type: application/sdp", "P-Asserted-Identity: <sip:2@h>", "", "v=0"),
      "INVITE 1",
      "SDP, PAI",
    ],
    [
      "a location",
      message("INVITE sip:911@h SIP/2.0", "Geolocation: <cid:x>", ...multipart),
      "INVITE 911",
      "SDP + PIDF-LO, Geolocation",
    ],
  ])("%s", (_name, given, label, facts) => {
    expect(describeMessage(given)).toEqual({ label, facts });
  });
});
