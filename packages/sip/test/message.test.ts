import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  buildRequest,
  canonicalHeaderName,
  formatMessage,
  latin1Text,
  parseDatagram,
  parseMessage,
  readTag,
  responseTo,
  withHeaders,
  type ParseFailure,
  type ParseOptions,
  type SipMessage,
} from "@tandem/sip";
import { headerName, headerValue, latin1, messageText, token } from "./arbitraries.ts";
import { invite, read } from "./parsed-text.ts";

function failure(text: string, options?: ParseOptions): ParseFailure {
  const parsed = parseMessage(text, options);
  if (parsed.ok) throw new Error("was read");
  return parsed.error;
}

describe("reading", () => {
  test("request line, headers by any name, body", () => {
    const message = read(invite);
    expect(message).toMatchObject({
      kind: "request",
      method: "INVITE",
      uri: "sip:b@example.com",
      status: 0,
      body: "body",
    });
    expect(message.get("via")).toBe("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1");
    expect(message.getAll("V")).toHaveLength(2);
    expect(message.get("t")).toBe("<sip:b@example.com>");
    expect(message.getAll("X-UNKNOWN")).toEqual(["one", "two"]);
    expect(message.has("i")).toBe(true);
    expect(message.has("X-Other")).toBe(false);
    expect(message.get("Subject")).toBeUndefined();
    expect(message.headers[3]).toEqual(["TO", "<sip:b@example.com>"]);
    expect(readTag(message.get("From") ?? "")).toBe("outer");
    expect(readTag(message.get("To") ?? "")).toBeUndefined();
  });

  test("status line; the method of a response is its CSeq's", () => {
    const message = read("SIP/2.0 183 Session Progress\r\nCSeq: 1 INVITE\r\n\r\n");
    expect(message).toMatchObject({
      kind: "response",
      status: 183,
      reason: "Session Progress",
      method: "INVITE",
      uri: "",
    });
  });

  test("a status line without the SP before an empty reason is forgiven", () => {
    expect(read("SIP/2.0 200\r\n\r\n")).toMatchObject({ status: 200, reason: "", method: "" });
  });

  test("the version is case-insensitive (RFC 3261 §7.1)", () => {
    expect(read("sip/2.0 200 OK\r\n\r\n").status).toBe(200);
    expect(read("OPTIONS sip:a Sip/2.0\r\n\r\n").method).toBe("OPTIONS");
  });

  test("line ends before the start line are ignored (RFC 3261 §7.5)", () => {
    expect(read(`\r\n\r\n${invite}`).method).toBe("INVITE");
  });

  test("bare LF ends a line, and is written as CRLF", () => {
    const message = read("OPTIONS sip:a SIP/2.0\nVia: x\n y\nSubject: s\n\nbody");
    expect(message.get("Via")).toBe("x y");
    expect(message.body).toBe("body");
    expect(formatMessage(message)).toBe(
      "OPTIONS sip:a SIP/2.0\r\nVia: x\n y\r\nSubject: s\r\nContent-Length: 4\r\n\r\nbody",
    );
  });

  test("folds become one space, also several and empty ones", () => {
    expect(read("OPTIONS sip:a SIP/2.0\r\nSubject: a\r\n \t b \r\n  \r\n\tc\r\n\r\n").get("s")).toBe("a b c");
  });

  test("a UTF-8 value whose last byte is 0xA0 keeps it", () => {
    const text = latin1Text(Buffer.from("OPTIONS sip:a SIP/2.0\r\nSubject: voilà\r\n\r\n"));
    expect(Buffer.from(read(text).get("Subject") ?? "", "latin1").toString()).toBe("voilà");
  });
});

describe("what is no message", () => {
  test.each<[string, string, string, number, ParseOptions?]>([
    ["nothing", "", "empty", 400],
    ["only line ends", "\r\n\r\n", "empty", 400],
    ["no line end", "OPTIONS sip:a SIP/2.0", "truncated", 400],
    ["no empty line", "OPTIONS sip:a SIP/2.0\r\nVia: x\r\n", "truncated", 400],
    ["no version", "OPTIONS sip:a\r\n\r\n", "bad-start-line", 400],
    ["method that is no token", "OP<>NS sip:a SIP/2.0\r\n\r\n", "bad-start-line", 400],
    ["tab in the Request-URI", "OPTIONS sip:a\tb SIP/2.0\r\n\r\n", "bad-start-line", 400],
    ["other protocol", "GET / HTTP/1.1\r\n\r\n", "bad-start-line", 400],
    ["version 3", "OPTIONS sip:a SIP/3.0\r\n\r\n", "unsupported-version", 505],
    ["version 2.00", "OPTIONS sip:a SIP/2.00\r\n\r\n", "unsupported-version", 505],
    ["status of two digits", "SIP/2.0 99 x\r\n\r\n", "bad-start-line", 400],
    ["status 700", "SIP/2.0 700 x\r\n\r\n", "bad-start-line", 400],
    ["status of four digits", "SIP/2.0 2000 x\r\n\r\n", "bad-start-line", 400],
    ["header without a colon", "OPTIONS sip:a SIP/2.0\r\nVia x\r\n\r\n", "bad-header-line", 400],
    ["header without a name", "OPTIONS sip:a SIP/2.0\r\n: x\r\n\r\n", "bad-header-line", 400],
    ["header name that is no token", "OPTIONS sip:a SIP/2.0\r\nV(ia: x\r\n\r\n", "bad-header-line", 400],
    ["first header line folded", "OPTIONS sip:a SIP/2.0\r\n Via: x\r\n\r\n", "bad-header-line", 400],
    ["CR inside a line", "OPTIONS sip:a SIP/2.0\r\nVia: x\ry\r\n\r\n", "bad-line-end", 400],
    ["CR inside the start line", "OPTIONS sip:a\rb SIP/2.0\r\n\r\n", "bad-line-end", 400],
    ["message over the limit", invite, "too-large", 513, { maxBytes: 100 }],
    ["start line over the limit", invite, "start-line-too-long", 414, { maxLineLength: 20 }],
    ["header line over the limit", invite, "header-line-too-long", 400, { maxLineLength: 50 }],
    [
      "folded line over the limit",
      "OPTIONS sip:a SIP/2.0\r\nA: x\r\n yyyyyyyyyyyyyyyyyyyy\r\n\r\n",
      "header-line-too-long",
      400,
      { maxLineLength: 24 },
    ],
    ["headers over the limit", invite, "too-many-headers", 400, { maxHeaders: 3 }],
  ])("%s", (_fact, text, reason, status, options) => {
    expect(failure(text, options)).toMatchObject({ reason, status });
  });

  test("a bad request keeps what a 400 copies, without the bad lines", () => {
    const bad = invite.replace("X-Unknown: one", "no header at all");
    const { salvaged, answerable } = failure(bad);
    expect(answerable).toBe(true);
    expect(salvaged?.getAll("X-Unknown")).toEqual(["two"]);
    const answer = formatMessage(responseTo(salvaged as SipMessage, 400, { toTag: "t" }));
    expect(answer).toContain("SIP/2.0 400 Bad Request\r\nv: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n");
  });

  test("a line with a stray CR never reaches an answer", () => {
    expect(failure(invite.replace("bK1", "bK1\rX: y")).salvaged?.getAll("Via")).toHaveLength(1);
  });

  test.each([
    ["an ACK", invite.replaceAll("INVITE", "ACK").replace("Call-ID: 1@h", "bad line\r\nCall-ID: 1")],
    ["a request without Call-ID", invite.replace("Call-ID: 1@h", "bad line")],
    ["a response", invite.replace("INVITE sip:b@example.com SIP/2.0", "SIP/2.0 999 x")],
  ])("%s that is unreadable is not answered", (_fact, text) => {
    expect(failure(text).answerable).toBe(false);
  });
});

describe("datagrams (RFC 3261 §18.3)", () => {
  const datagram = (length: string, body: string): Uint8Array =>
    Buffer.from(`OPTIONS sip:a SIP/2.0\r\n${length}\r\n\r\n${body}`, "latin1");

  test.each([
    ["Content-Length of the body", "l: 4", "body", "body"],
    ["shorter Content-Length cuts the rest off", "Content-Length: 2", "body", "bo"],
    ["no Content-Length: to the end", "Subject: s", "body", "body"],
    ["Content-Length 0", "Content-Length: 0", "body", ""],
  ])("%s", (_fact, header, body, expected) => {
    const parsed = parseDatagram(datagram(header, body));
    expect(parsed.ok && parsed.value.body).toBe(expected);
  });

  test.each([
    ["longer than the body", "Content-Length: 5", "body-shorter-than-content-length"],
    ["negative", "Content-Length: -1", "bad-content-length"],
    ["no number", "Content-Length: four", "bad-content-length"],
    ["empty", "Content-Length:", "bad-content-length"],
    ["beyond any message", "Content-Length: 99999999999999999999", "bad-content-length"],
  ])("Content-Length that is %s is a 400", (_fact, header, reason) => {
    const parsed = parseDatagram(datagram(header, "body"));
    expect(!parsed.ok && parsed.error).toMatchObject({ reason, status: 400 });
  });

  test("bytes above 0x7f pass, from a Buffer or another array", () => {
    const bytes = Uint8Array.from({ length: 20_000 }, (_, index) => index % 256);
    expect(latin1Text(bytes)).toBe(Buffer.from(bytes).toString("latin1"));
    expect(latin1Text(Buffer.from(bytes))).toBe(Buffer.from(bytes).toString("latin1"));
  });

  test("a datagram over the limit is not even decoded", () => {
    const parsed = parseDatagram(new Uint8Array(101), { maxBytes: 100 });
    expect(!parsed.ok && parsed.error.reason).toBe("too-large");
  });
});

describe("message properties", () => {
  test("what was read is written byte for byte, with Content-Length added", () => {
    fc.assert(
      fc.property(messageText, (text) => {
        const message = read(text);
        const at = text.length - message.body.length - 2;
        expect(formatMessage(message)).toBe(
          `${text.slice(0, at)}Content-Length: ${message.body.length}${text.slice(at - 2, at)}${text.slice(at)}`,
        );
      }),
    );
  });

  test("formatting what was formatted changes nothing", () => {
    fc.assert(
      fc.property(messageText, (text) => {
        const once = formatMessage(read(text));
        expect(formatMessage(read(once))).toBe(once);
      }),
    );
  });

  test("setting one header leaves every other line byte for byte", () => {
    fc.assert(
      fc.property(messageText, headerName, headerValue, (text, name, value) => {
        const message = read(text);
        const canonical = canonicalHeaderName(name).toLowerCase();
        const others = (from: SipMessage): unknown =>
          from.headers.filter(([each]) => canonicalHeaderName(each).toLowerCase() !== canonical);
        const edited = read(formatMessage(withHeaders(message, (headers) => headers.set(name, value))));
        expect(edited.getAll(name)).toEqual([value]);
        expect(others(edited)).toEqual([
          ...(others(message) as unknown[]),
          ["Content-Length", String(message.body.length)],
        ]);
        expect(edited.body).toBe(message.body);
      }),
    );
  });

  test("a built message reads as what it was built from", () => {
    fc.assert(
      fc.property(
        token,
        fc.array(fc.tuple(headerName, headerValue), { maxLength: 8 }),
        latin1,
        (method, headers, body) => {
          const message = read(formatMessage(buildRequest({ method, uri: "sip:a@b", headers, body })));
          expect(message.method).toBe(method);
          expect(message.body).toBe(body);
          expect(message.headers.slice(0, -1)).toEqual(headers);
        },
      ),
    );
  });
});
