import { buildRequest, buildResponse } from "../build-message.ts";
import { describe, expect, test } from "vitest";
import { endingOf, inDialogRequest, peerFromResponse, type DialogPeer } from "./in-dialog-request.ts";

const peer: DialogPeer = {
  callId: "c1",
  from: "<sip:us@a>;tag=1",
  to: "<sip:them@b>;tag=2",
  target: "sip:them@198.51.100.9",
  routes: [],
};

describe("inDialogRequest, RFC 3261 §12.2.1.1", () => {
  test.each<[string, readonly string[], string, readonly string[]]>([
    ["no route: straight to the target", [], peer.target, []],
    ["loose route: target in the Request-URI", ["<sip:p1;lr>", "<sip:p2>"], peer.target, ["<sip:p1;lr>", "<sip:p2>"]],
    ["lr with a value is loose as well", ["<sip:p1;lr=on>"], peer.target, ["<sip:p1;lr=on>"]],
    [
      "strict route: the first hop takes the Request-URI",
      ["<sip:p1>", "<sip:p2;lr>"],
      "sip:p1",
      ["<sip:p2;lr>", `<${peer.target}>`],
    ],
    ["a parameter that begins with lr is no lr", ["<sip:p1;lrx=1>"], "sip:p1;lrx=1", [`<${peer.target}>`]],
  ])("%s", (_fact, routes, uri, written) => {
    const request = inDialogRequest({ ...peer, routes }, { method: "BYE", sequence: 5 });
    expect([request.uri, request.getAll("Route")]).toEqual([uri, written]);
  });

  test("tags, number and body; Max-Forwards of the application is kept", () => {
    const request = inDialogRequest(peer, {
      method: "INFO",
      sequence: 7,
      headers: [
        ["Max-Forwards", "12"],
        ["Content-Type", "text/plain"],
      ],
      body: "x",
    });
    expect([request.getAll("Max-Forwards"), request.get("CSeq"), request.get("From"), request.body]).toEqual([
      ["12"],
      "7 INFO",
      peer.from,
      "x",
    ]);
  });
});

describe("a dialog from our INVITE and its answer", () => {
  const invite = buildRequest({
    method: "INVITE",
    uri: "sip:them@b",
    headers: [
      ["From", "<sip:us@a>;tag=1"],
      ["To", "<sip:them@b>"],
      ["Call-ID", "c1"],
      ["CSeq", "41 INVITE"],
    ],
  });
  const answer = buildResponse({
    status: 200,
    method: "INVITE",
    headers: [
      ["From", "<sip:us@a>;tag=1"],
      ["To", "<sip:them@b>;tag=2"],
      ["Call-ID", "c1"],
      ["CSeq", "41 INVITE"],
      ["Record-Route", "<sip:p2;lr>, <sip:p1;lr>"],
      ["Record-Route", "<sip:p0;lr>"],
      ["Contact", '"Them" <sip:them@198.51.100.9>;q=1'],
    ],
  });

  test("has the recorded route in reverse and the Contact as target (RFC 3261 §12.1.2)", () => {
    expect(peerFromResponse(invite, answer)).toEqual({
      callId: "c1",
      from: "<sip:us@a>;tag=1",
      to: "<sip:them@b>;tag=2",
      target: "sip:them@198.51.100.9",
      routes: ["<sip:p0;lr>", "<sip:p1;lr>", "<sip:p2;lr>"],
    });
  });

  test("without a Contact the Request-URI is the target", () => {
    const bare = buildResponse({ status: 200, method: "INVITE", headers: [["To", "<sip:them@b>;tag=2"]] });
    expect(peerFromResponse(invite, bare).target).toBe("sip:them@b");
  });

  test("is ended with the INVITE's number in the ACK, one above those of all PRACKs and UPDATEs in the BYE, and a Reason", () => {
    const { ack, bye } = endingOf(answer, invite.uri);
    expect([ack.get("CSeq"), bye.get("CSeq"), bye.get("Reason")]).toEqual([
      "41 ACK",
      "1041 BYE",
      'SIP;cause=503;text="Application lost"',
    ]);
  });
});
