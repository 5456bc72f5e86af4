import { describe, expect, test } from "vitest";
import {
  buildRequest,
  buildResponse,
  canonicalHeaderName,
  formatMessage,
  readTag,
  reasonPhrase,
  responseTo,
  withBody,
  withHeaders,
  withUri,
  type SipMessage,
} from "@tandem/sip";
import { invite, read } from "./parsed-text.ts";

describe("editing", () => {
  test("each edit touches its own lines only", () => {
    const edited = withHeaders(read(invite), (headers) => {
      headers.prepend("Via", "SIP/2.0/UDP new").set("X-Unknown", ["1", "2", "3"]).remove("Timestamp");
      headers.append("Route", "<sip:r>").append("Record-Route", "<sip:q;lr>").replaceFirst("t", "<sip:c@example.com>");
    });
    expect(formatMessage(edited)).toBe(
      invite
        .replace("v: SIP", "Via: SIP/2.0/UDP new\r\nv: SIP")
        .replace("X-Unknown: one\r\nx-unknown:   two\t", "X-Unknown: 1\r\nX-Unknown: 2\r\nX-Unknown: 3")
        .replace("Timestamp: 54\r\n", "")
        .replace("TO : <sip:b@", "TO: <sip:c@")
        .replace("p.example.com;lr>", "p.example.com;lr>\r\nRecord-Route: <sip:q;lr>")
        .replace("Content-Length: 4", "Content-Length: 4\r\nRoute: <sip:r>"),
    );
  });

  test("removeFirst pops the top Via whatever its spelling", () => {
    const popped = withHeaders(read(invite), (headers) => headers.removeFirst("Via").removeFirst("Subject"));
    expect(popped.getAll("Via")).toEqual(["SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK2"]);
  });

  test("set with no values removes, replaceFirst of an absent header adds nothing", () => {
    const edited = withHeaders(read(invite), (headers) => headers.set("Via", []).replaceFirst("Subject", "x"));
    expect(edited.has("Via")).toBe(false);
    expect(edited.has("Subject")).toBe(false);
  });

  test("the message given stays as it is", () => {
    const message = read(invite);
    withHeaders(message, (headers) => headers.set("To", "x").remove("Via"));
    expect(formatMessage(message)).toBe(invite);
  });

  test("a line break in a value cannot start a header", () => {
    const edited = withHeaders(read(invite), (headers) =>
      headers.set("Subject", "a\r\nEvil: 1\n\nbody").append("X\r\nY", "z"),
    );
    expect(edited.get("Subject")).toBe("a Evil: 1 body");
    expect(formatMessage(edited)).not.toMatch(/^(Evil|Y)/m);
  });

  test("another body changes Content-Length where it stands; an empty one takes Content-Type away", () => {
    const message = withBody(read(invite), "v=0\r\n", "application/sdp");
    expect(formatMessage(message)).toBe(
      `${invite.replace("Content-Length: 4", "Content-Length: 5\r\nContent-Type: application/sdp").slice(0, -4)}v=0\r\n`,
    );
    expect(withBody(message, "").has("Content-Type")).toBe(false);
    expect(withBody(message, "x").get("c")).toBe("application/sdp");
  });

  test("another Request-URI; a response has none", () => {
    expect(formatMessage(withUri(read(invite), "sip:c@d"))).toBe(
      invite.replace("sip:b@example.com SIP", "sip:c@d SIP"),
    );
    const response = buildResponse({ status: 200, method: "INVITE", headers: [] });
    expect(withUri(response, "sip:x")).toBe(response);
  });

  test("repeated Content-Length lines become one right one", () => {
    const message = read("OPTIONS sip:a SIP/2.0\r\nl: 9\r\nSubject: s\r\nContent-Length: 4\r\n\r\nbody");
    expect(formatMessage(message)).toBe("OPTIONS sip:a SIP/2.0\r\nContent-Length: 4\r\nSubject: s\r\n\r\nbody");
  });

  test("a message of another class can be edited and formatted", () => {
    const plain: SipMessage = {
      kind: "response",
      method: "BYE",
      uri: "",
      status: 481,
      reason: "Gone",
      headers: [["Via", "x"]],
      body: "",
      get: () => undefined,
      getAll: () => [],
      has: () => false,
    };
    expect(formatMessage(withHeaders(plain, (headers) => headers.set("To", "y")))).toBe(
      "SIP/2.0 481 Gone\r\nVia: x\r\nTo: y\r\nContent-Length: 0\r\n\r\n",
    );
  });
});

describe("building", () => {
  test("a request", () => {
    const request = buildRequest({
      method: "BYE",
      uri: "sip:a",
      headers: [
        ["Via", "x"],
        ["CSeq", "1 BYE"],
      ],
    });
    expect(request.get("v")).toBe("x");
    expect(formatMessage(request)).toBe("BYE sip:a SIP/2.0\r\nVia: x\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n");
  });

  test("a response with its own or the registered phrase", () => {
    expect(formatMessage(buildResponse({ status: 486, method: "INVITE", headers: [], body: "x" }))).toBe(
      "SIP/2.0 486 Busy Here\r\nContent-Length: 1\r\n\r\nx",
    );
    expect(buildResponse({ status: 486, reason: "No\r\nX: y", method: "INVITE", headers: [] }).reason).toBe("No X: y");
  });

  test.each([
    [200, "OK"],
    [481, "Call/Transaction Does Not Exist"],
    [199, "Early Dialog Terminated"],
    [299, "Success"],
    [499, "Request Failure"],
    [42, ""],
    [900, "Unknown"],
  ])("reason phrase of %i", (status, phrase) => {
    expect(reasonPhrase(status)).toBe(phrase);
  });

  test("a response copies Via, From, To, Call-ID and CSeq as written (RFC 3261 §8.2.6.2)", () => {
    const answer = responseTo(read(invite), 404, { toTag: "t1", headers: [["Server", "s"]] });
    expect(formatMessage(answer)).toBe(
      [
        "SIP/2.0 404 Not Found",
        "v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
        "Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK2",
        'From: "A;tag=no" <sip:a@example.com;tag=inner>;tag=outer',
        "TO: <sip:b@example.com>;tag=t1",
        "Call-ID: 1@h",
        "CSeq: 7 INVITE",
        "Server: s",
        "Content-Length: 0",
        "",
        "",
      ].join("\r\n"),
    );
    expect(answer.method).toBe("INVITE");
  });

  test("a 100 carries Timestamp and gets no To tag (RFC 3261 §8.2.6)", () => {
    const answer = responseTo(read(invite), 100, { toTag: "t1" });
    expect(answer.get("Timestamp")).toBe("54");
    expect(readTag(answer.get("To") ?? "")).toBeUndefined();
  });

  test.each([
    [180, true],
    [200, true],
    [486, false],
    [100, false],
  ])("Record-Route in a %i to an INVITE: %s (RFC 3261 §12.1.1)", (status, copied) => {
    expect(responseTo(read(invite), status).has("Record-Route")).toBe(copied);
  });

  test("a To that has a tag keeps it", () => {
    const tagged = withHeaders(read(invite), (headers) => headers.set("To", "<sip:b>;tag=old"));
    expect(readTag(responseTo(tagged, 200, { toTag: "new" }).get("To") ?? "")).toBe("old");
  });
});

describe("header names", () => {
  test.each([
    ["i", "Call-ID"],
    ["CALL-ID", "Call-ID"],
    ["y", "Identity"],
    ["p-asserted-identity", "P-Asserted-Identity"],
    ["X-Any", "X-Any"],
  ])("%s is %s", (name, canonical) => {
    expect(canonicalHeaderName(name)).toBe(canonical);
  });
});
