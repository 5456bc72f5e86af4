import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatAcknowledgedFrame,
  formatHoldFrame,
  formatRouteFrame,
  formatSipAppFrame,
  formatUnholdFrame,
  parseAppFrame,
  type AppFrame,
} from "./app-frame.ts";

const id = "d22b242f-a9b4-4c15-bcff-4c582a325a81";
const proxied = { kind: "proxy", id, transactionId: "t1" } as const;

describe("parseAppFrame", () => {
  test.each<[string, string, AppFrame]>([
    [
      "authenticate with tags",
      `${id}|authenticate|cymru|blue,green`,
      { kind: "authenticate", id, secret: "cymru", tags: ["blue", "green"] },
    ],
    [
      "authenticate without tags, as drachtio-srf sends it",
      `${id}|authenticate|cymru|`,
      { kind: "authenticate", id, secret: "cymru", tags: [] },
    ],
    [
      "authenticate without the tags token",
      `${id}|authenticate|cymru`,
      { kind: "authenticate", id, secret: "cymru", tags: [] },
    ],
    ["route", `${id}|route|invite`, { kind: "route", id, verb: "invite" }],
    ["route of call detail records", `${id}|route|cdr:start`, { kind: "route", id, verb: "cdr:start" }],
    ["remove_route", `${id}|remove_route|invite`, { kind: "remove-route", id, verb: "invite" }],
    ["ping", `${id}|ping`, { kind: "ping", id }],
    ["hold", formatHoldFrame(id, "t1"), { kind: "hold", id, transactionId: "t1", off: false }],
    ["hold no more", formatUnholdFrame(id, "t1"), { kind: "hold", id, transactionId: "t1", off: true }],
    ["acknowledged", formatAcknowledgedFrame(id, "t1"), { kind: "acknowledged", id, transactionId: "t1" }],
    [
      "response: transaction id set, dialog id empty",
      `${id}|sip|t1|\r\nSIP/2.0 180 Ringing\r\n\r\n`,
      {
        kind: "sip",
        id,
        transactionId: "t1",
        dialogId: "",
        nextHop: "",
        listener: "",
        timeoutMs: null,
        branch: "",
        sentBy: "",
        text: "SIP/2.0 180 Ringing\r\n\r\n",
      },
    ],
    [
      "request out of a dialog with a next hop",
      `${id}|sip|||sip:10.0.0.1;transport=tcp\r\nINVITE sip:a@b SIP/2.0\r\n\r\n`,
      {
        kind: "sip",
        id,
        transactionId: "",
        dialogId: "",
        nextHop: "sip:10.0.0.1;transport=tcp",
        listener: "",
        timeoutMs: null,
        branch: "",
        sentBy: "",
        text: "INVITE sip:a@b SIP/2.0\r\n\r\n",
      },
    ],
    [
      "request with next hop and listener",
      `${id}|sip||||outside\r\nINVITE sip:a@b SIP/2.0\r\n\r\n`,
      {
        kind: "sip",
        id,
        transactionId: "",
        dialogId: "",
        nextHop: "",
        listener: "outside",
        timeoutMs: null,
        branch: "",
        sentBy: "",
        text: "INVITE sip:a@b SIP/2.0\r\n\r\n",
      },
    ],
    [
      "request whose answer is not waited for longer than 1.5 s",
      `${id}|sip|||sip:10.0.0.1|outside|1500ms\r\nOPTIONS sip:a@b SIP/2.0\r\n\r\n`,
      {
        kind: "sip",
        id,
        transactionId: "",
        dialogId: "",
        nextHop: "sip:10.0.0.1",
        listener: "outside",
        timeoutMs: 1_500,
        branch: "",
        sentBy: "",
        text: "OPTIONS sip:a@b SIP/2.0\r\n\r\n",
      },
    ],
    [
      "request with a branch of the application's choice",
      `${id}|sip|||sip:10.0.0.1|outside||z9hG4bKcall-b1-1\r\nINVITE sip:a@b SIP/2.0\r\n\r\n`,
      {
        kind: "sip",
        id,
        transactionId: "",
        dialogId: "",
        nextHop: "sip:10.0.0.1",
        listener: "outside",
        timeoutMs: null,
        branch: "z9hG4bKcall-b1-1",
        sentBy: "",
        text: "INVITE sip:a@b SIP/2.0\r\n\r\n",
      },
    ],
    [
      "CANCEL of another edge's INVITE",
      `${id}|sip|||sip:10.0.0.1|outside|1000ms|z9hG4bKcall-b1-1|10.0.0.9:5060\r\nCANCEL sip:a@b SIP/2.0\r\n\r\n`,
      {
        kind: "sip",
        id,
        transactionId: "",
        dialogId: "",
        nextHop: "sip:10.0.0.1",
        listener: "outside",
        timeoutMs: 1_000,
        branch: "z9hG4bKcall-b1-1",
        sentBy: "10.0.0.9:5060",
        text: "CANCEL sip:a@b SIP/2.0\r\n\r\n",
      },
    ],
    [
      "proxy to two targets",
      `${id}|proxy|t1|remainInDialog|fullResponse||serial|2s|1500ms|sip:a|sip:b\r\nINVITE sip:a SIP/2.0\r\nX: y\r\n\r\n`,
      {
        ...proxied,
        recordRoute: true,
        fullResponse: true,
        followRedirects: false,
        simultaneous: false,
        provisionalTimeoutMs: 2000,
        finalTimeoutMs: 1500,
        targets: ["sip:a", "sip:b"],
        text: "INVITE sip:a SIP/2.0\r\nX: y\r\n\r\n",
      },
    ],
    [
      "proxy with every option empty",
      `${id}|proxy|t1||||simultaneous|||sip:a\r\n`,
      {
        ...proxied,
        recordRoute: false,
        fullResponse: false,
        followRedirects: false,
        simultaneous: true,
        provisionalTimeoutMs: null,
        finalTimeoutMs: null,
        targets: ["sip:a"],
        text: "",
      },
    ],
    ["no tokens", "hello", { kind: "malformed", id: "hello", reason: "Invalid message format" }],
    ["an unknown type", `${id}|dance`, { kind: "malformed", id, reason: "Unknown message type" }],
    ["sip without a message", `${id}|sip||`, { kind: "malformed", id, reason: "Invalid message format" }],
    ["route without a verb", `${id}|route|`, { kind: "malformed", id, reason: "Invalid message format" }],
    [
      "proxy without a transaction",
      `${id}|proxy|||||serial|||sip:a\r\n`,
      { kind: "malformed", id, reason: "transaction id missing" },
    ],
    [
      "proxy without a target",
      `${id}|proxy|t1||||serial||\r\n`,
      { kind: "malformed", id, reason: "Invalid message format" },
    ],
  ])("%s", (_name, payload, frame) => {
    expect(parseAppFrame(payload)).toEqual(frame);
  });

  test("any text is read as something", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (payload) => {
        expect(parseAppFrame(payload).kind).toMatch(/^[a-z-]+$/);
      }),
    );
  });
});

const token = fc.string({ unit: fc.constantFrom(..."abcXYZ019:;=@.-<>".split("")), maxLength: 20 });

describe("formatSipAppFrame", () => {
  test("what is written is read back", () => {
    fc.assert(
      fc.property(
        fc.record({
          id: token,
          transactionId: token,
          dialogId: token,
          nextHop: token,
          listener: token,
          timeoutMs: fc.option(fc.integer({ min: 0, max: 3_600_000 })),
          branch: token,
          sentBy: token,
        }),
        fc.string({ unit: "binary", minLength: 1 }),
        (tokens, text) => {
          const frame = { kind: "sip" as const, ...tokens, text };
          expect(parseAppFrame(formatSipAppFrame(frame))).toEqual(frame);
        },
      ),
    );
  });
});

test("route frames are written as they are read", () => {
  expect(parseAppFrame(formatRouteFrame("1", "*", true))).toEqual({ kind: "route", id: "1", verb: "*" });
  expect(parseAppFrame(formatRouteFrame("2", "bye", false))).toEqual({ kind: "remove-route", id: "2", verb: "bye" });
});
