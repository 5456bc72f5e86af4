import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatBriefReply,
  formatProxyResponse,
  formatReply,
  formatRequestSent,
  formatResponseSent,
  formatSipEdgeFrame,
  formatVersion,
  formatWait,
  parseEdgeFrame,
  parseVersion,
  readWait,
  type SipEdgeFrame,
} from "./edge-frame.ts";

const message: SipEdgeFrame = {
  kind: "sip",
  id: "m1",
  source: "network",
  bytes: 509,
  transport: "udp",
  address: "127.0.0.1",
  port: 6301,
  time: "20:35:35.804634",
  transactionId: "t1",
  dialogId: "",
  arrival: null,
  text: "INVITE sip:a@b SIP/2.0\r\n\r\n",
};
const arrival = { localAddress: "127.0.0.1", localPort: 5070, listener: "", identities: [], redelivered: false };
const sent = {
  bytes: 273,
  transport: "udp",
  address: "127.0.0.1",
  port: 6301,
  time: "20:35:35.861357",
  transactionId: "t1",
};

test.each([
  [0, "", 0],
  [0.4, "", 0],
  [1_204.6, "1205ms", 1_205],
])("a wait of %d ms is written %j and read %d", (ms, text, read) => {
  expect([formatWait(ms), readWait(text)]).toEqual([text, read]);
});

test.each(["20:35:35.804634", "-5ms", "ms", "1e9ms", "99999999999ms"])("%j is no wait", (text) => {
  expect(readWait(text)).toBe(0);
});

describe("frames as drachtio-srf reads them, token by token", () => {
  test.each<[string, string, string]>([
    [
      "a new request ends with local address, port and an empty token",
      formatSipEdgeFrame({ ...message, arrival }),
      "m1|sip|network|509|udp|127.0.0.1|6301|20:35:35.804634|t1||127.0.0.1|5070|\r\nINVITE sip:a@b SIP/2.0\r\n\r\n",
    ],
    [
      "any other message ends after the dialog id",
      formatSipEdgeFrame({ ...message, dialogId: "c1;tag=x", text: "BYE sip:a SIP/2.0\r\n\r\n" }),
      "m1|sip|network|509|udp|127.0.0.1|6301|20:35:35.804634|t1|c1;tag=x|\r\nBYE sip:a SIP/2.0\r\n\r\n",
    ],
    [
      "that a lost application was told an answer stands in token 10",
      formatSipEdgeFrame({ ...message, dialogId: "outside", told: true, text: "SIP/2.0 200 OK\r\n\r\n" }),
      "m1|sip|network|509|udp|127.0.0.1|6301|20:35:35.804634|t1|outside|told\r\nSIP/2.0 200 OK\r\n\r\n",
    ],
    [
      "listener, TLS identities and redelivery stand in tokens 12 to 14",
      formatSipEdgeFrame({
        ...message,
        arrival: { ...arrival, listener: "outside", identities: ["a.example", "b.example"], redelivered: true },
      }),
      "m1|sip|network|509|udp|127.0.0.1|6301|20:35:35.804634|t1||127.0.0.1|5070|outside|a.example,b.example|redelivered\r\nINVITE sip:a@b SIP/2.0\r\n\r\n",
    ],
    [
      "a response that was sent: dialog id, empty token, Msg sent",
      formatResponseSent("m2", "a1", { ...sent, dialogId: "c1;tag=x", text: "SIP/2.0 180 Ringing\r\n\r\n" }),
      "m2|response|a1|OK|application|273|udp|127.0.0.1|6301|20:35:35.861357|t1|c1;tag=x||Msg sent:|\r\nSIP/2.0 180 Ringing\r\n\r\n",
    ],
    [
      "a request that was sent: Msg sent follows the transaction id",
      formatRequestSent("m2", "a1", { ...sent, text: "INVITE sip:a SIP/2.0\r\n\r\n" }),
      "m2|response|a1|OK|application|273|udp|127.0.0.1|6301|20:35:35.861357|t1|Msg sent:|\r\nINVITE sip:a SIP/2.0\r\n\r\n",
    ],
    [
      "a proxied branch's final response promises more in token 12",
      formatProxyResponse("m3", "a1", { ...sent, text: "SIP/2.0 486 Busy Here\r\n\r\n" }),
      "m3|response|a1|OK|network|273|udp|127.0.0.1|6301|20:35:35.861357|||continue\r\nSIP/2.0 486 Busy Here\r\n\r\n",
    ],
    ["pong", formatReply("m4", "a1", "OK|pong"), "m4|response|a1|OK|pong"],
  ])("%s", (_name, frame, expected) => {
    expect(frame).toBe(expected);
  });

  test("the positions drachtio-srf uses of a request's reply hold the transaction id", () => {
    const tokens =
      formatRequestSent("m2", "a1", { ...sent, text: "x" })
        .split("\r\n")[0]
        ?.split("|") ?? [];
    expect([tokens[3], tokens.slice(3)[7]]).toEqual(["OK", "t1"]);
  });
});

describe("parseEdgeFrame", () => {
  const word = fc.string({ unit: fc.constantFrom(..."abcXYZ019;=@.-".split("")), minLength: 1, maxLength: 12 });

  test("a sip frame written is read back", () => {
    fc.assert(
      fc.property(
        fc.record({ transactionId: word, dialogId: word, transport: word, address: word, port: fc.nat(65_535) }),
        fc.option(
          fc.record({
            localAddress: word,
            localPort: fc.nat(65_535),
            listener: word,
            identities: fc.array(word, { maxLength: 3 }),
            redelivered: fc.boolean(),
          }),
        ),
        fc.string({ unit: "binary" }),
        (tokens, where, text) => {
          const frame: SipEdgeFrame = { ...message, ...tokens, arrival: where, text };
          expect(parseEdgeFrame(formatSipEdgeFrame(frame))).toEqual(frame);
        },
      ),
    );
  });

  test.each([{}, { told: true as const }])("an answer that nobody acknowledged is read back: %o", (told) => {
    const frame: SipEdgeFrame = { ...message, dialogId: "outside", text: "SIP/2.0 200 OK\r\n\r\n", ...told };
    expect(parseEdgeFrame(formatSipEdgeFrame(frame))).toEqual(frame);
  });

  test("a certificate name that would break the token line is left out, never split into others", () => {
    const frame = formatSipEdgeFrame({
      ...message,
      arrival: { ...arrival, listener: "l", identities: ["good.example", "x|redelivered", "a,b", "c\r\nd"] },
    });
    expect(parseEdgeFrame(frame)).toMatchObject({ arrival: { identities: ["good.example"], redelivered: false } });
  });

  test.each([
    ["brief reply", formatBriefReply("m", "7", "t9"), { outcome: "OK", to: "7", transactionId: "t9" }],
    ["refusal", formatReply("m", "7", "NOK|timeout: x"), { outcome: "NOK", detail: "timeout: x" }],
    ["protocol fault", formatReply("m", "7", "NO|incorrect secret"), { outcome: "NO", detail: "incorrect secret" }],
    ["something else", "m|cdr:start|network", { kind: "other" }],
    ["nothing", "", { kind: "other" }],
  ])("%s", (_name, payload, expected) => {
    expect(parseEdgeFrame(payload)).toMatchObject(expected);
  });
});

test.each([
  [
    "v0.9.10-tandem;edge=e1;pool=east",
    {
      edge: "e1",
      pool: "east",
      listeners: null,
      instance: "",
      sentBy: new Map(),
      adopts: false,
      holds: false,
      hearsAcks: false,
    },
  ],
  [
    "v0.9.10-tandem;edge=e1;pool=east;listeners=core:udp:5060,tls:tls:0",
    {
      edge: "e1",
      pool: "east",
      listeners: ["core:udp:5060", "tls:tls:0"],
      instance: "",
      sentBy: new Map(),
      adopts: false,
      holds: false,
      hearsAcks: false,
    },
  ],
  [
    "v0.9.10-tandem;edge=e1;pool=east;instance=i1;adopts",
    {
      edge: "e1",
      pool: "east",
      listeners: null,
      instance: "i1",
      sentBy: new Map(),
      adopts: true,
      holds: false,
      hearsAcks: false,
    },
  ],
  [
    "v0.9.10-1-g9c2dd4cb6a",
    {
      edge: null,
      pool: null,
      listeners: null,
      instance: "",
      sentBy: new Map(),
      adopts: false,
      holds: false,
      hearsAcks: false,
    },
  ],
  [
    "",
    {
      edge: null,
      pool: null,
      listeners: null,
      instance: "",
      sentBy: new Map(),
      adopts: false,
      holds: false,
      hearsAcks: false,
    },
  ],
])("version token %j", (version, identity) => {
  expect(parseVersion(version)).toEqual(identity);
});

test("the version token begins as drachtio-srf wants it before it pings", () => {
  const sentBy = new Map([
    ["core", "192.0.2.1:5060"],
    ["out", "[2001:db8::1]:5062"],
  ]);
  const told = { edge: "e1", pool: "east", listeners: ["core:udp:5060", "out:tcp:5062"], instance: "i1", sentBy };
  expect(formatVersion(told)).toMatch(/^v0\.9\.10/);
  expect(parseVersion(formatVersion(told))).toEqual({ ...told, adopts: true, holds: true, hearsAcks: true });
  const blank = { ...told, listeners: [], sentBy: new Map() };
  expect(parseVersion(formatVersion(blank))).toEqual({ ...blank, adopts: true, holds: true, hearsAcks: true });
});
