import { describe, expect, it } from "vitest";
import { requestText } from "../test/sip-texts.ts";
import { clock, endpoint, peer, receive, start, useEndpoint, user } from "../test/simulated-endpoint.ts";

useEndpoint();

describe("what is wrong with a request", () => {
  const answered: readonly [string, string, string][] = [
    ["a CSeq of another method", requestText({ method: "BYE" }).replace("CSeq: 1 BYE", "CSeq: 1 INFO"), "400"],
    ["a missing To", requestText({ method: "BYE" }).replace(/To: .*\r\n/, ""), "400"],
    ["an unknown URI scheme", requestText({ uri: "nobody:knows" }), "416"],
    ["an unknown SIP version", requestText().replace(" SIP/2.0\r\n", " SIP/7.0\r\n"), "505"],
    ["one that its Via names, too (RFC 4475 §3.1.2.16)", requestText().replaceAll("SIP/2.0", "SIP/7.0"), "505"],
    ["a body shorter than announced", requestText().replace("Content-Length: 0", "Content-Length: 9"), "400"],
  ];
  it.each(answered)("%s is answered and stays here", async (_fact, text, status) => {
    const lines: string[] = [];
    await start({ log: { info: () => undefined, warn: (_fields, message) => lines.push(message) } });
    await receive(text);
    expect(peer.startLines.at(-1)).toMatch(new RegExp(`^SIP/2.0 ${status} `));
    expect(user.requests).toEqual([]);
    expect(lines).toEqual(["malformed request refused"]);
    expect(endpoint.stats().discarded.rejected).toBe(1);
  });

  const openName = (text: string): string => text.replace("From: ", 'From: "Room 5 ');
  const letOff: readonly [string, string][] = [
    ["a repeated Max-Forwards", requestText({ uri: "sip:911@10.0.0.9", headers: ["Max-Forwards: 70"] })],
    [
      "a Max-Forwards that is no number",
      requestText({ uri: "sip:911@10.0.0.9" }).replace("Forwards: 70", "Forwards: x"),
    ],
    ["no Max-Forwards", requestText({ uri: "sip:911@10.0.0.9" }).replace(/Max-Forwards: .*\r\n/, "")],
    ["a Contact that cannot be read", requestText({ uri: "urn:service:sos", headers: ["Contact: <sip:"] })],
    ["a repeated To", requestText({ uri: "tel:112", headers: ["To: <tel:112>"] })],
    ["an empty parameter in the Request-URI", requestText({ uri: "sip:911@10.0.0.9;user=phone;" })],
    ["an empty port in the Request-URI", requestText({ uri: "sip:911@10.0.0.9:" })],
    ["headers in the Request-URI", requestText({ uri: "sip:911@10.0.0.9?x=y" })],
    ["an empty parameter of a tel URI", requestText({ uri: "tel:911;" })],
    ["a display name that does not close", openName(requestText({ uri: "sip:911@10.0.0.9" }))],
    ["a display name that does not close, in a dialog", openName(requestText({ method: "BYE", toTag: "ours" }))],
    ["a repeated header, in a dialog", requestText({ method: "BYE", toTag: "ours", headers: ["Max-Forwards: 70"] })],
    ["a line that is no header", requestText({ uri: "sip:911@10.0.0.9", headers: ["no header at all"] })],
    ["a line that is no header, in a dialog", requestText({ method: "BYE", toTag: "ours", headers: ["no header"] })],
    ["a CR within a line", requestText({ uri: "sip:911@10.0.0.9", headers: ["X: a\rb"] })],
    ["a line that is too long", requestText({ uri: "sip:911@10.0.0.9", headers: [`X: ${"x".repeat(20_000)}`] })],
    ["too many lines", requestText({ uri: "sip:911@10.0.0.9", headers: Array<string>(600).fill("X: 1") })],
    ["no empty line after the headers", requestText({ uri: "sip:911@10.0.0.9" }).replace(/\r\n\r\n$/, "\r\n")],
    ["a body that is too short", requestText({ uri: "sip:911@10.0.0.9" }).replace("Length: 0", "Length: 9")],
    ["a Content-Length that is no number", requestText({ uri: "sip:911@10.0.0.9" }).replace("Length: 0", "Length: -1")],
    ["blanks in the Request-URI", requestText({ uri: "sip:911@10.0.0.9; user=phone" })],
    ["a Request-URI in brackets", requestText({ uri: "<sip:911@10.0.0.9>" })],
    ["a Request-URI whose host cannot be read", requestText({ uri: "sip:911@10.0.0.9:99999" })],
    ["a CSeq of more than 31 bits", requestText({ uri: "sip:911@10.0.0.9", cseq: 4_294_967_295 })],
  ];
  it.each(letOff)("%s is passed up when it may be an emergency call (NENA-STA-010.3, A18)", async (_fact, text) => {
    await start();
    await receive(text);
    expect(user.requests).toHaveLength(1);
    expect(endpoint.stats().discarded.rejected).toBe(0);
  });

  it.each([
    ["a repeated header", requestText({ uri: "sip:+12125550100@10.0.0.9", headers: ["Max-Forwards: 70"] })],
    ["an empty parameter", requestText({ uri: "sip:+12125550100@10.0.0.9;" })],
    ["a display name that does not close", openName(requestText({ uri: "sip:+12125550100@10.0.0.9" }))],
    ["a line that is no header", requestText({ uri: "sip:+12125550100@10.0.0.9", headers: ["no header at all"] })],
    ["a Request-URI in brackets", requestText({ uri: "<sip:+12125550100@10.0.0.9>" })],
    ["blanks in the Request-URI, in a dialog (RFC 4475 §3.1.2.8)", requestText({ uri: "sip:a@b; lr", toTag: "ours" })],
    ["a CSeq of more than 31 bits", requestText({ uri: "sip:+12125550100@10.0.0.9", cseq: 2_147_483_648 })],
  ])("%s in another call is refused", async (_fact, text) => {
    await start();
    await receive(text);
    expect(user.requests).toEqual([]);
    expect(peer.startLines.at(-1)).toMatch(/^SIP\/2.0 400 /);
  });

  const dropped: readonly [string, string][] = [
    ["noise", "\u0001\u0002\u0003 this is no SIP at all \u00ff"],
    ["a request without Via", requestText().replace(/Via: .*\r\n/, "")],
    ["an ACK that cannot be read", requestText({ method: "ACK" }).replace("CSeq: 1 ACK", "CSeq: x")],
    ["a response with a bad status", "SIP/2.0 99 Low\r\n\r\n"],
  ];
  it.each(dropped)("%s is dropped and counted", async (_fact, text) => {
    await start();
    await receive(text);
    expect(peer.received).toEqual([]);
    expect(user.requests).toEqual([]);
    expect(endpoint.stats().discarded.malformed).toBe(1);
  });

  it.each(["", "\r\n\r\n", "\0\0\0\0"])("a keep-alive datagram %j means nothing", async (text) => {
    await start();
    await receive(text);
    expect(endpoint.stats().discarded.malformed).toBe(0);
  });

  it("a datagram with more bytes than announced: the rest is left out", async () => {
    await start();
    await receive(`${requestText({ method: "OPTIONS" })}INVITE sip:another SIP/2.0\r\n`);
    expect(user.requests).toHaveLength(1);
    expect(user.requests[0]?.request.message.body).toBe("");
  });

  it("a message that is too long is dropped", async () => {
    await start({ limits: { messageBytes: 1_000 } });
    await receive(requestText({ body: "x".repeat(1_000) }));
    expect(user.requests).toEqual([]);
    expect(endpoint.stats().discarded.oversize).toBe(1);
  });

  it("writes ten lines a second at most, and says how many it left out", async () => {
    const lines: Readonly<Record<string, unknown>>[] = [];
    await start({ log: { info: () => undefined, warn: (fields) => lines.push(fields) } });
    await receive(...Array<string>(25).fill("this is no SIP at all, whatever it is"));
    expect(lines).toHaveLength(10);
    await clock.advance(1_000);
    await receive("this is no SIP at all, whatever it is");
    expect(lines.at(-1)).toMatchObject({ leftOut: 15 });
  });
});
