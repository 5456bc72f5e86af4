import * as fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  addBody,
  bodyLeaves,
  buildRequest,
  findBody,
  findBodyById,
  formatMessage,
  formatMultipart,
  freeBoundary,
  latin1Text,
  parseDatagram,
  parseMessage,
  parseMultipart,
  replaceBody,
  withOnlyBody,
  type SipMessage,
} from "@tandem/sip";
import { latin1 } from "./arbitraries.ts";

function load(file: string): SipMessage {
  const parsed = parseDatagram(readFileSync(new URL(`corpus/${file}`, import.meta.url)));
  if (!parsed.ok) throw new Error(parsed.error.reason);
  return parsed.value;
}

function multipartMessage(body: string, type = "multipart/mixed;boundary=b"): SipMessage {
  return buildRequest({ method: "INVITE", uri: "sip:a", headers: [["Content-Type", type]], body });
}

describe("multipart bodies (RFC 2046 §5.1)", () => {
  test("preamble, parts and epilogue as they came", () => {
    const text = "pre\r\namble\r\n--b\r\nContent-Type: text/x\r\n\r\none\r\n\r\n--b  \r\n\r\ntwo\r\n--b--\r\nepilogue";
    const multipart = parseMultipart(text, "b");
    expect(multipart?.preamble).toBe("pre\r\namble");
    expect(multipart?.epilogue).toBe("epilogue");
    expect(multipart?.parts.map((part) => [part.mediaType, part.body, part.raw])).toEqual([
      ["text/x", "one\r\n", "Content-Type: text/x\r\n\r\none\r\n"],
      ["text/plain", "two", "\r\ntwo"],
    ]);
    for (const part of multipart?.parts ?? []) {
      expect(text.slice(part.start, part.end)).toBe(part.raw);
      expect(text.slice(part.bodyStart, part.end)).toBe(part.body);
    }
  });

  test.each([
    ["bare LF", "--b\nContent-Type: a/b\n\nx\n--b--\n", ["x"]],
    ["missing closing delimiter", "--b\r\n\r\nx\r\n--b\r\n\r\ny", ["x", "y"]],
    ["closing delimiter at the very end", "--b\r\n\r\nx\r\n--b--", ["x"]],
    ["delimiter text inside a line", "--b\r\n\r\nx --b y\r\n--b--", ["x --b y"]],
    ["a longer boundary that begins alike", "--b\r\n\r\n--bb\r\n--b--", ["--bb"]],
    ["an empty part", "--b\r\n--b--\r\n", [""]],
    ["a part of headers only", "--b\r\nContent-Type: a/b\r\n--b--\r\n", [""]],
    ["no parts", "--b--\r\n", []],
  ])("%s", (_fact, text, bodies) => {
    expect(parseMultipart(text, "b")?.parts.map((part) => part.body)).toEqual(bodies);
  });

  test.each([
    ["no delimiter", "x", "b"],
    ["empty boundary", "--\r\n\r\nx\r\n----", ""],
    ["boundary without end", "--b\r\n", "b".repeat(300)],
  ])("%s: no multipart", (_fact, text, boundary) => {
    expect(parseMultipart(text, boundary)).toBeUndefined();
  });

  test("mpart01 of RFC 4475: text and a binary part, byte for byte", () => {
    const leaves = bodyLeaves(load("rfc4475/mpart01.dat"));
    expect(leaves.map((leaf) => leaf.mediaType)).toEqual(["text/plain", "application/octet-stream"]);
    expect(leaves[0]?.body).toBe("Hello");
    expect(leaves[1]?.body).toHaveLength(342);
    expect(leaves[1]?.body.startsWith("\x30\x82\x01\x52\x06\x09\x2a\x86")).toBe(true);
  });

  test("nested multiparts, whatever the order", () => {
    const message = load("calls/emergency-invite.dat");
    expect(bodyLeaves(message).map((leaf) => leaf.mediaType)).toEqual(["application/sdp", "application/pidf+xml"]);
    expect(findBody(message, "Application/SDP")?.body.startsWith("v=0\r\n")).toBe(true);
    expect(findBodyById(message, "<loc-1@example.com>")?.mediaType).toBe("application/pidf+xml");
    expect(findBodyById(message, "<other>")).toBeUndefined();
    expect(findBody(message, "text/html")).toBeUndefined();
  });

  test("multiparts nested beyond the limit are one leaf", () => {
    let body = "--b\r\n\r\ncore\r\n--b--";
    for (let depth = 0; depth < 20; depth++) {
      const boundary = `b${"x".repeat(depth + 1)}`;
      const inner = depth === 0 ? "b" : `b${"x".repeat(depth)}`;
      body = `--${boundary}\r\nContent-Type: multipart/mixed;boundary=${inner}\r\n\r\n${body}\r\n--${boundary}--`;
    }
    const leaves = bodyLeaves(multipartMessage(body, `multipart/mixed;boundary=b${"x".repeat(20)}`));
    expect(leaves).toHaveLength(1);
    expect(leaves[0]?.mediaType).toBe("multipart/mixed");
  });
});

describe("bodies that are not multipart", () => {
  test("the whole body is one leaf with the message's headers", () => {
    const message = multipartMessage("v=0\r\n", "application/SDP;x=y");
    expect(findBody(message, "application/sdp")).toMatchObject({ body: "v=0\r\n", start: 0, end: 5 });
    expect(bodyLeaves(message)[0]?.get("c")).toBe("application/SDP;x=y");
  });

  test("an empty body has no leaves; a broken multipart is one", () => {
    expect(bodyLeaves(multipartMessage("", "application/sdp"))).toEqual([]);
    expect(bodyLeaves(multipartMessage("no delimiter"))).toMatchObject([
      { mediaType: "multipart/mixed", body: "no delimiter" },
    ]);
    expect(bodyLeaves(multipartMessage("x", "nonsense"))).toMatchObject([{ mediaType: "", body: "x" }]);
  });
});

describe("changing bodies", () => {
  test("a nested SDP is replaced and every other byte stays", () => {
    const message = load("calls/emergency-invite.dat");
    const leaf = findBody(message, "application/sdp");
    if (leaf === undefined) throw new Error("no SDP");
    const changed = replaceBody(message, leaf, "v=0\r\nlonger than nothing\r\n");
    expect(changed.body).toBe(message.body.replace(leaf.body, "v=0\r\nlonger than nothing\r\n"));
    expect(findBody(changed, "application/pidf+xml")?.body).toBe(findBody(message, "application/pidf+xml")?.body);
    expect(formatMessage(changed)).toContain(`\r\nContent-Length: ${changed.body.length}\r\n`);
  });

  test("a part's own Content-Length follows its body", () => {
    const message = multipartMessage("--b\r\ncontent-length : 3\r\n\r\none\r\n--b--");
    const [leaf] = bodyLeaves(message);
    expect(leaf && replaceBody(message, leaf, "three").body).toBe("--b\r\ncontent-length : 5\r\n\r\nthree\r\n--b--");
  });

  test("one part becomes the whole body, with its headers", () => {
    const message = load("calls/emergency-invite.dat");
    const leaf = findBody(message, "application/pidf+xml");
    const single = leaf && withOnlyBody(message, leaf);
    expect(single?.get("Content-Type")).toBe("application/pidf+xml");
    expect(single?.get("Content-ID")).toBe("<loc-1@example.com>");
    expect(single?.body).toBe(leaf?.body);
    const whole = multipartMessage("x", "text/x");
    const [only] = bodyLeaves(whole);
    expect(only && withOnlyBody(whole, only)).toBe(whole);
  });

  const location = {
    headers: [
      ["Content-Type", "application/pidf+xml"],
      ["Content-ID", "<l@h>"],
    ],
    body: "<xml/>",
  } as const;

  test("a part is added to a body that was single", () => {
    const message = buildRequest({
      method: "INVITE",
      uri: "sip:a",
      headers: [
        ["Content-Type", "application/sdp"],
        ["Content-Disposition", "session"],
        ["Subject", "s"],
      ],
      body: "v=0\r\n--bound\r\n",
    });
    const more = addBody(message, location, "bound");
    expect(more.get("Content-Type")).toBe("multipart/mixed;boundary=boundx");
    expect(more.has("Content-Disposition")).toBe(false);
    expect(bodyLeaves(more).map((leaf) => [leaf.mediaType, leaf.body, leaf.get("Content-Disposition")])).toEqual([
      ["application/sdp", "v=0\r\n--bound\r\n", "session"],
      ["application/pidf+xml", "<xml/>", undefined],
    ]);
  });

  test("a part is added to a multipart, before its closing delimiter", () => {
    const message = multipartMessage("pre\r\n--b\r\n\r\none\r\n--b--\r\nepilogue");
    expect(addBody(message, location, "unused").body).toBe(
      "pre\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: application/pidf+xml\r\nContent-ID: <l@h>\r\n\r\n<xml/>\r\n--b--\r\nepilogue",
    );
    const open = addBody(multipartMessage("--b\r\n\r\none"), location, "unused");
    expect(bodyLeaves(open).map((leaf) => leaf.body)).toEqual(["one", "<xml/>"]);
  });

  test("a part is added to a message without a body", () => {
    const more = addBody(buildRequest({ method: "INVITE", uri: "sip:a", headers: [] }), location, "b");
    expect(bodyLeaves(more).map((leaf) => leaf.body)).toEqual(["<xml/>"]);
  });

  test("any bodies come back from a multipart, through a message on the wire", () => {
    fc.assert(
      fc.property(fc.array(latin1, { minLength: 1, maxLength: 4 }), (bodies) => {
        const boundary = freeBoundary(bodies, "b");
        const parts = bodies.map((body) => ({ headers: [["Content-Type", "application/x"]] as const, body }));
        const message = multipartMessage(formatMultipart(parts, boundary), `multipart/mixed;boundary=${boundary}`);
        const again = parseMessage(latin1Text(Buffer.from(formatMessage(message), "latin1")));
        expect(again.ok && bodyLeaves(again.value).map((leaf) => leaf.body)).toEqual(bodies);
      }),
    );
  });
});
