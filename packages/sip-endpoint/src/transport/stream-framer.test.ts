import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { requestText, type RequestFields } from "../../test/sip-texts.ts";
import { StreamFramer, type FramingFailure } from "./stream-framer.ts";

class Frames {
  readonly messages: string[] = [];
  readonly failures: { readonly failure: FramingFailure; readonly head: string | undefined }[] = [];
  pings = 0;

  onMessage(text: string): void {
    this.messages.push(text);
  }

  onPing(): void {
    this.pings++;
  }

  onFailure(failure: FramingFailure, head: string | undefined): void {
    this.failures.push({ failure, head });
  }
}

function frame(chunks: readonly string[], maxBytes = 10_000): Frames {
  const frames = new Frames();
  const framer = new StreamFramer(frames, maxBytes);
  for (const chunk of chunks) framer.push(Buffer.from(chunk, "latin1"));
  return frames;
}

const INVITE = requestText({ body: "v=0\r\n\r\nINVITE sip:not-a-start-line SIP/2.0\r\n" });
const OPTIONS = requestText({ method: "OPTIONS" });

describe("cutting a stream into messages, RFC 3261 §18.3", () => {
  it("takes a message that comes in one piece", () => {
    expect(frame([INVITE]).messages).toEqual([INVITE]);
  });

  it("takes a message that comes byte by byte", () => {
    expect(frame(INVITE.split("")).messages).toEqual([INVITE]);
  });

  it("takes several messages in one piece, the last one unfinished", () => {
    const frames = frame([INVITE + OPTIONS + INVITE.slice(0, -1)]);
    expect(frames.messages).toEqual([INVITE, OPTIONS]);
    expect(frames.failures).toEqual([]);
  });

  it("takes the compact form, other case, folding and blanks of Content-Length", () => {
    for (const header of ["l: 3", "CONTENT-LENGTH:3", "Content-Length \t:\r\n 3 "]) {
      const message = OPTIONS.replace("Content-Length: 0", header);
      expect(frame([`${message}abc${OPTIONS}`]).messages).toEqual([`${message}abc`, OPTIONS]);
    }
  });

  it("keeps every byte of a body", () => {
    const body = String.fromCharCode(...Array.from({ length: 256 }, (_each, code) => code));
    const message = requestText({ body });
    expect(frame([message.slice(0, 300), message.slice(300)]).messages).toEqual([message]);
  });

  it("knows whether a message is unfinished", () => {
    const framer = new StreamFramer(new Frames(), 10_000);
    expect(framer.partial).toBe(false);
    framer.push(Buffer.from(OPTIONS.slice(0, 10)));
    expect(framer.partial).toBe(true);
    framer.push(Buffer.from(OPTIONS.slice(10)));
    expect(framer.partial).toBe(false);
  });

  test("however the bytes are cut, the messages are the same", () => {
    const stream = `${INVITE}\r\n${OPTIONS}\r\n\r\n${INVITE}${OPTIONS}`;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: stream.length - 1 }), { maxLength: 40 }), (cuts) => {
        const sorted = [0, ...new Set(cuts)].sort((one, other) => one - other);
        const chunks = sorted.map((from, index) => stream.slice(from, sorted[index + 1]));
        const frames = frame(chunks);
        expect(frames.messages).toEqual([INVITE, OPTIONS, INVITE, OPTIONS]);
        expect(frames.pings).toBe(1);
        expect(frames.failures).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test("whatever comes, it never throws, never delivers more than it got, and fails once", () => {
    const noise = fc.oneof(
      fc.string({ unit: "binary-ascii", maxLength: 200 }),
      fc.constantFrom("\r\n", "\r\n\r\n", " SIP/2.0\r\n", "INVITE sip:a SIP/2.0\r\n", "l: 5\r\n\r\n", "abcde", OPTIONS),
    );
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 20 }), (chunks) => {
        const frames = frame(chunks, 500);
        expect(frames.messages.join("").length).toBeLessThanOrEqual(chunks.join("").length);
        expect(frames.failures.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2_000 },
    );
  });

  it("costs time in proportion to the bytes, also for one large message in small pieces", () => {
    const message = requestText({ body: "x".repeat(60_000) });
    const started = performance.now();
    expect(frame(message.split(""), 65_535).messages).toHaveLength(1);
    // One copy of everything per byte would be 2 GB.
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe("keep-alive, RFC 5626 §4.4.1", () => {
  it.each([
    ["a double CRLF is a ping", ["\r\n\r\n"], 1],
    ["also in two pieces", ["\r\n", "\r\n"], 1],
    ["also byte by byte", ["\r", "\n", "\r", "\n"], 1],
    ["two pings in a row", ["\r\n\r\n\r\n\r\n"], 2],
    ["a single CRLF is none", ["\r\n"], 0],
    ["a single CRLF before a message is none", [`\r\n${OPTIONS}\r\n`], 0],
  ])("%s", (_fact, chunks, pings) => {
    expect(frame(chunks).pings).toBe(pings);
  });

  it("may stand before and between messages", () => {
    const frames = frame([`\r\n\r\n${OPTIONS}\r\n\r\n${INVITE}`]);
    expect(frames.messages).toEqual([OPTIONS, INVITE]);
    expect(frames.pings).toBe(2);
  });
});

describe("a call that may be for help, of a length that its sender did not write (NENA-STA-010.3, A18)", () => {
  const withoutLength = (fields: RequestFields): string => requestText(fields).replace(/Content-Length: \d+\r\n/, "");
  const call = { uri: "sip:911@10.0.0.9" };
  const described = { ...call, headers: ["Content-Type: application/sdp"], body: "v=0\r\n" };

  it.each([
    ["none, and no body", withoutLength(call)],
    ["none, and what came along is its body", withoutLength(described)],
    ["no number", requestText(described).replace(/Length: \d+/, "Length: x")],
    ["none, in a dialog", withoutLength({ method: "BYE", toTag: "ours" })],
  ])("%s", (_fact, text) => {
    const frames = frame([text, OPTIONS]);
    expect(frames.messages).toEqual([text, OPTIONS]);
    expect(frames.failures).toEqual([]);
  });

  it("not one of two lengths: who passed it on may have believed either, and another's request may stand in its body", () => {
    const text = requestText({ ...call, body: OPTIONS }).replace(/Content-Length: (\d+)/, "Content-Length: $1\r\nl: 0");
    const frames = frame([text]);
    expect(frames.messages).toEqual([]);
    expect(frames.failures.map(({ failure }) => failure)).toEqual(["bad-content-length"]);
  });

  it("what follows a request without a body is the next one", () => {
    const bye = withoutLength({ method: "BYE", toTag: "ours" });
    expect(frame([bye + OPTIONS]).messages).toEqual([bye, OPTIONS]);
  });
});

describe("what cannot be cut", () => {
  const bare = OPTIONS.replace("Content-Length: 0\r\n", "");
  const rows: readonly [string, string, FramingFailure, boolean][] = [
    ["no Content-Length", bare, "no-content-length", true],
    ["a Content-Length that is no number", OPTIONS.replace(": 0", ": zero"), "bad-content-length", true],
    ["a negative Content-Length", OPTIONS.replace(": 0", ": -1"), "bad-content-length", true],
    ["two that differ", OPTIONS.replace("Content-Length: 0", "l: 1\r\nl: 2"), "bad-content-length", true],
    ["a body over the limit", OPTIONS.replace(": 0", ": 9999"), "message-too-large", true],
    ["a head over the limit", `OPTIONS sip:a SIP/2.0\r\nX: ${"x".repeat(2_000)}`, "head-too-large", false],
    ["another protocol", "GET / HTTP/1.1\r\nHost: a\r\n", "not-sip", false],
    ["a TLS hello on a TCP port", `\u0016\u0003\u0001${"\u0000".repeat(20_000)}`, "not-sip", false],
  ];
  test.each(rows)("%s", (_fact, text, failure, withHead) => {
    const frames = frame([text], 1_500);
    expect(frames.failures.map((each) => each.failure)).toEqual([failure]);
    expect(frames.failures[0]?.head !== undefined).toBe(withHead);
    expect(frames.messages).toEqual([]);
  });

  it("takes two Content-Length lines that agree", () => {
    const twice = OPTIONS.replace("Content-Length: 0", "l: 0\r\nContent-Length: 0");
    expect(frame([twice]).messages).toEqual([twice]);
  });

  it("reads nothing after a failure", () => {
    const frames = frame(["GET / HTTP/1.1\r\n", OPTIONS]);
    expect(frames.messages).toEqual([]);
    expect(frames.failures).toHaveLength(1);
  });

  it("delivers what came before it", () => {
    const frames = frame([OPTIONS + bare]);
    expect(frames.messages).toEqual([OPTIONS]);
    expect(frames.failures).toHaveLength(1);
  });
});
