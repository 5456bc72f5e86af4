import { buildRequest, buildResponse, type HeaderLine, type SipMessage } from "@tandem/sip";
import { describe, expect, test } from "vitest";
import { byeOfPeer, fromServer, insistsOnReliable, requestForServer, responseForServer } from "./stock-messages.ts";

const invite = (...headers: readonly HeaderLine[]): SipMessage =>
  buildRequest({ method: "INVITE", uri: "sip:b@x", headers });
const response = (status: number, ...headers: readonly HeaderLine[]): SipMessage =>
  buildResponse({ status, method: "INVITE", headers });

describe("towards a stock server", () => {
  test.each([
    ["a pool's name", "<sip:k1-a@pool.example:5062;transport=tcp>", "<sip:k1-a@localhost>"],
    [
      "parameters of the address and of the header stay",
      '"A" <sip:a@h;ob>;+g.x="1"',
      '"A" <sip:a@localhost;ob>;+g.x="1"',
    ],
    ["without a user the server would not see it", "<sip:pool.example>", "<sip:tandem@localhost>"],
    ["an address that is no SIP URI is left", "<tel:+1555>", "<tel:+1555>"],
  ])("Contact names the server: %s", (_, given, expected) => {
    expect(requestForServer(invite(["Contact", given])).get("Contact")).toBe(expected);
    expect(responseForServer(response(200, ["Contact", given])).get("Contact")).toBe(expected);
    expect(responseForServer(response(302, ["Contact", given])).get("Contact")).toBe(given);
  });

  test("100rel is not offered; the session timer is, and the server keeps it", () => {
    const sent = requestForServer(invite(["Supported", "replaces, 100rel, timer"], ["Session-Expires", "1800"]));
    expect([sent.get("Supported"), sent.get("Session-Expires")]).toEqual(["replaces, timer", "1800"]);
    expect(requestForServer(invite(["Supported", "100rel"])).get("Supported")).toBeUndefined();
  });

  test("a response says nothing of what the server adds by itself", () => {
    const sent = responseForServer(response(200, ["Require", "timer"], ["Session-Expires", "90"], ["RSeq", "1"]));
    expect(["Require", "Session-Expires", "RSeq"].map((name) => sent.get(name))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe("from a stock server", () => {
  test.each([
    ["an INVITE", invite(["Supported", "100rel,timer,path"], ["Require", "timer"], ["Session-Expires", "90"])],
    ["a 200", response(200, ["Supported", "100rel,timer,path"], ["Require", "timer"], ["Session-Expires", "90"])],
  ])("%s does not show the session timer, which is the server's", (_, message) => {
    const got = fromServer(message);
    expect(["Supported", "Require", "Session-Expires"].map((name) => got.get(name))).toEqual([
      "path",
      undefined,
      undefined,
    ]);
  });

  test("a 422 tells its Min-SE: the INVITE goes again with it", () => {
    expect(fromServer(response(422, ["Min-SE", "1800"])).get("Min-SE")).toBe("1800");
  });

  test.each([
    [["Require", "timer, 100rel"], true],
    [["Supported", "100rel"], false],
  ] as const)("%j insists on reliable provisional responses: %s", (header, expected) => {
    expect(insistsOnReliable(invite([header[0], header[1]]))).toBe(expected);
  });

  test("a BYE of its own comes as the peer's, with a number that is never too low", () => {
    const headers: readonly HeaderLine[] = [
      ["From", "<sip:us@x>;tag=ours"],
      ["To", "<sip:peer@x>;tag=theirs"],
      ["CSeq", "7 BYE"],
    ];
    const bye = byeOfPeer(buildRequest({ method: "BYE", uri: "sip:peer@x", headers }));
    expect(["From", "To", "CSeq"].map((name) => bye.get(name))).toEqual([
      "<sip:peer@x>;tag=theirs",
      "<sip:us@x>;tag=ours",
      "2147483647 BYE",
    ]);
  });
});
