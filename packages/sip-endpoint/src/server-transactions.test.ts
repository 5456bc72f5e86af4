import { parseMessage, responseTo } from "@tandem/sip";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock, settled } from "../test/fake-clock.ts";
import { RecordingUser } from "../test/recorder.ts";
import { SimulatedDatagrams, SimulatedPeer } from "../test/simulated-datagrams.ts";
import { headerOf, requestText } from "../test/sip-texts.ts";
import type { EndpointConfig } from "./config.ts";
import { createEndpoint } from "./create-endpoint.ts";
import type { Endpoint } from "./endpoint.ts";

const US = { address: "10.0.0.9", port: 5060 };

let clock: FakeClock;
let network: SimulatedDatagrams;
let peer: SimulatedPeer;
let user: RecordingUser;
let endpoint: Endpoint;

async function start(config: Partial<EndpointConfig> = {}): Promise<void> {
  const made = await createEndpoint(
    { listeners: [{ name: "core", transport: "udp", ...US }], datagrams: network, clock, ...config },
    user,
  );
  if (!made.ok) throw new Error(made.error.detail);
  endpoint = made.value;
}

async function receive(...texts: readonly string[]): Promise<void> {
  for (const text of texts) peer.send(text, US);
  await settled();
}

beforeEach(async () => {
  clock = new FakeClock();
  network = new SimulatedDatagrams();
  peer = await SimulatedPeer.at(network, "10.0.0.1");
  user = new RecordingUser();
});

afterEach(() => endpoint.close());

describe("an INVITE from a peer", () => {
  it("gets 100 Trying at once, without a To tag, and goes up once however often it comes", async () => {
    await start();
    await receive(requestText(), requestText());
    expect(peer.startLines).toEqual(["SIP/2.0 100 Trying", "SIP/2.0 100 Trying"]);
    expect(headerOf(peer.last, "To")).not.toContain("tag=");
    expect(user.requests).toHaveLength(1);
    expect(endpoint.stats().retransmissions).toEqual({ sent: 1, received: 1 });
  });

  it("gets no 100 when the user answers within the time configured", async () => {
    await start({ tryingAfterMs: 200 });
    await receive(requestText());
    await clock.advance(150);
    user.respond(180);
    await clock.advance(500);
    expect(peer.startLines).toEqual(["SIP/2.0 180 Ringing"]);
  });

  it("gets 100 when the user does not", async () => {
    await start({ tryingAfterMs: 200 });
    await receive(requestText());
    await clock.advance(250);
    expect(peer.startLines).toEqual(["SIP/2.0 100 Trying"]);
  });

  it("gets the last provisional response again", async () => {
    await start();
    await receive(requestText());
    user.respond(180);
    await receive(requestText());
    expect(peer.startLines).toEqual(["SIP/2.0 100 Trying", "SIP/2.0 180 Ringing", "SIP/2.0 180 Ringing"]);
  });

  it("gets a non-2xx again until the ACK, which stays here", async () => {
    await start();
    await receive(requestText());
    user.respond(486);
    await clock.advance(1_600);
    expect(peer.startLines.slice(1)).toEqual(Array(3).fill("SIP/2.0 486 Busy Here"));
    await receive(requestText({ method: "ACK", toTag: "service" }));
    await clock.advance(60_000);
    expect(peer.received).toHaveLength(4);
    expect(user.acks).toEqual([]);
    expect(endpoint.stats().transactions["invite-server"]).toBe(0);
  });

  it("gets a 2xx again until the ACK, which goes up once with its transaction", async () => {
    await start();
    await receive(requestText());
    user.respond(200);
    await clock.advance(3_600);
    // 0, 0.5, 1.5, 3.5 s
    expect(peer.startLines.slice(1)).toEqual(Array(4).fill("SIP/2.0 200 OK"));
    const ack = requestText({ method: "ACK", branch: "z9hG4bKack", toTag: "service" });
    await receive(ack, ack);
    await clock.advance(10_000);
    expect(peer.received).toHaveLength(5);
    expect(user.acks).toHaveLength(1);
    expect(user.acks[0]?.transaction).toBe(user.transaction);
    expect(user.ackTimeouts).toEqual([]);
  });

  it("gets a 2xx no more once its ACK came elsewhere, of which nothing is told here, nor of one that comes here, too", async () => {
    await start();
    await receive(requestText());
    user.transaction.acknowledged();
    user.respond(200);
    await clock.advance(600);
    expect(peer.startLines.slice(1)).toEqual(Array(2).fill("SIP/2.0 200 OK"));
    user.transaction.acknowledged();
    const ack = requestText({ method: "ACK", branch: "z9hG4bKack", toTag: "service" });
    await receive(requestText(), ack);
    await clock.advance(40_000);
    expect(peer.startLines.slice(1)).toHaveLength(2);
    expect([user.requests.length, user.acks.length, user.ackTimeouts.length]).toEqual([1, 0, 0]);
    expect(endpoint.stats()).toMatchObject({ ackTimeouts: 0, transactions: { "invite-server": 0 } });
  });

  it("tells after 64*T1 that no ACK came for the 2xx", async () => {
    await start();
    await receive(requestText());
    user.respond(200);
    await clock.advance(31_900);
    expect(user.ackTimeouts).toEqual([]);
    await clock.advance(200);
    expect(user.ackTimeouts).toHaveLength(1);
    expect(user.ackTimeouts[0]?.transaction).toBe(user.transaction);
    expect(user.ackTimeouts[0]?.response.text).toContain("SIP/2.0 200 OK");
    expect(peer.startLines.filter((line) => line.includes("200"))).toHaveLength(11);
    expect(endpoint.stats()).toMatchObject({ ackTimeouts: 1, transactions: { "invite-server": 0 } });
  });

  it("absorbs the INVITE repeated after the 2xx (RFC 6026)", async () => {
    await start();
    await receive(requestText());
    user.respond(200);
    await receive(requestText({ method: "ACK", branch: "z9hG4bKack", toTag: "service" }), requestText());
    expect(user.requests).toHaveLength(1);
    expect(peer.startLines).toEqual(["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]);
  });

  it("keeps the T1 of its own configuration", async () => {
    await start({ timers: { t1: 50, t2: 200, t4: 200 } });
    await receive(requestText());
    user.respond(486);
    await clock.advance(170);
    expect(peer.startLines.slice(1)).toHaveLength(3);
  });

  it("refuses a second final response of the user", async () => {
    await start();
    await receive(requestText());
    const { transaction, request } = user.requests[0]!;
    expect(transaction.answered).toBe(false);
    user.respond(486);
    expect(transaction.answered).toBe(true);
    expect(transaction.request).toBeNull();
    const again = transaction.respond(request.message);
    expect(again).toMatchObject({ ok: false, error: { reason: "transaction-over" } });
  });

  it("refuses a response that is none", async () => {
    await start();
    await receive(requestText());
    const { transaction, request } = user.requests[0]!;
    expect(transaction.respond(request.message)).toMatchObject({ ok: false, error: { reason: "not-a-response" } });
  });
});

describe("an ACK without an INVITE here", () => {
  it("goes up without a transaction: its INVITE was another edge's", async () => {
    await start();
    await receive(requestText({ method: "ACK", toTag: "elsewhere" }));
    expect(user.acks).toMatchObject([{ transaction: null }]);
    expect(peer.received).toEqual([]);
  });

  it("goes up without a transaction when the To tag is another dialog's", async () => {
    await start();
    await receive(requestText());
    user.respond(200);
    await receive(requestText({ method: "ACK", branch: "z9hG4bKack", toTag: "another" }));
    expect(user.acks).toMatchObject([{ transaction: null }]);
  });
});

describe("a CANCEL", () => {
  it("gets 200, its INVITE 487 with the same To tag, and the user hears of it", async () => {
    await start();
    await receive(requestText(), requestText({ method: "CANCEL" }));
    expect(peer.startLines).toEqual(["SIP/2.0 100 Trying", "SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]);
    const [ok, terminated] = peer.received.slice(1);
    expect(headerOf(ok!, "CSeq")).toBe("1 CANCEL");
    expect(headerOf(terminated!, "CSeq")).toBe("1 INVITE");
    expect(headerOf(ok!, "To")).toContain(";tag=");
    expect(headerOf(terminated!, "To")).toBe(headerOf(ok!, "To"));
    expect(user.cancels).toMatchObject([{ transaction: user.transaction }]);
    expect(user.transaction.answered).toBe(true);
  });

  it("uses the To tag of the 180 that was sent", async () => {
    await start();
    await receive(requestText());
    user.respond(180);
    await receive(requestText({ method: "CANCEL" }));
    expect(headerOf(peer.last, "To")).toContain(";tag=service");
  });

  it("is absorbed when repeated, and the 487 needs its ACK", async () => {
    await start();
    await receive(requestText(), requestText({ method: "CANCEL" }), requestText({ method: "CANCEL" }));
    expect(user.cancels).toHaveLength(1);
    expect(peer.startLines.filter((line) => line.includes("487"))).toHaveLength(1);
    expect(peer.startLines.filter((line) => line.includes("200"))).toHaveLength(2);
    await receive(requestText({ method: "ACK", toTag: "any" }));
    await clock.advance(10_000);
    expect(peer.startLines.filter((line) => line.includes("487"))).toHaveLength(1);
  });

  it("comes too late after a 2xx: 200, and nothing else happens", async () => {
    await start();
    await receive(requestText());
    user.respond(200);
    await receive(requestText({ method: "CANCEL" }));
    expect(peer.startLines).toEqual(["SIP/2.0 100 Trying", "SIP/2.0 200 OK", "SIP/2.0 200 OK"]);
    expect(headerOf(peer.last, "CSeq")).toBe("1 CANCEL");
    expect(user.cancels).toEqual([]);
  });

  it("of nothing gets 481", async () => {
    await start();
    await receive(requestText({ method: "CANCEL" }));
    expect(peer.startLines).toEqual(["SIP/2.0 481 Call/Transaction Does Not Exist"]);
    expect(user.requests).toEqual([]);
    expect(endpoint.stats().discarded["stray-cancel"]).toBe(1);
  });
});

describe("another request", () => {
  it("is answered by the user alone, and again when repeated", async () => {
    await start();
    await receive(requestText({ method: "OPTIONS" }));
    expect(peer.received).toEqual([]);
    user.respond(200);
    await receive(requestText({ method: "OPTIONS" }));
    expect(peer.startLines).toEqual(["SIP/2.0 200 OK", "SIP/2.0 200 OK"]);
    expect(user.requests).toHaveLength(1);
    await clock.advance(33_000);
    expect(endpoint.stats().transactions["non-invite-server"]).toBe(0);
  });

  it("of a method nobody knows goes up", async () => {
    await start();
    await receive(requestText({ method: "FROBNICATE" }));
    expect(user.requests).toHaveLength(1);
    expect(endpoint.stats().messages).toContainEqual({
      direction: "in",
      transport: "udp",
      method: "OTHER",
      kind: "request",
      count: 1,
    });
  });

  it("is forgotten when the user never answers", async () => {
    await start();
    await receive(requestText({ method: "OPTIONS" }));
    await clock.advance(33_000);
    expect(endpoint.stats().transactions["non-invite-server"]).toBe(0);
    expect(user.transaction.answered).toBe(true);
  });
});

describe("a request by two ways, RFC 3261 §8.2.2.2", () => {
  it("gets 482 on the second, and the ACK to that stays here", async () => {
    await start();
    await receive(requestText(), requestText({ branch: "z9hG4bKfork2" }));
    expect(peer.startLines).toContain("SIP/2.0 482 Merged Request");
    await receive(requestText({ method: "ACK", branch: "z9hG4bKfork2", toTag: "any" }));
    expect(user.requests).toHaveLength(1);
    expect(user.acks).toEqual([]);
    user.respond(200);
    await receive(requestText({ method: "ACK", branch: "z9hG4bKack", toTag: "service" }));
    expect(user.acks).toMatchObject([{ transaction: user.transaction }]);
  });

  it.each([
    ["after T1: its sender waited in vain, and takes the next way (RFC 3263 §4.3)", {}, 500],
    ["at once: no emergency call is refused for it", { uri: "sip:911@10.0.0.9" }, 0],
    ["at once: nor one that names the service", { uri: "urn:service:sos.police" }, 0],
  ])("goes up again %s", async (_when, fields, afterMs) => {
    await start();
    await receive(requestText(fields));
    await clock.advance(afterMs);
    await receive(requestText({ ...fields, branch: "z9hG4bKnext" }));
    expect(user.requests).toHaveLength(2);
    expect(peer.startLines).not.toContain("SIP/2.0 482 Merged Request");
    user.respond(200);
    await receive(requestText({ ...fields, method: "ACK", branch: "z9hG4bKack", toTag: "service" }));
    expect(user.acks).toMatchObject([{ transaction: user.requests[1]?.transaction }]);
  });

  it("is served again after a refusal: the client tries its next address", async () => {
    await start();
    await receive(requestText());
    user.respond(503);
    await receive(requestText({ branch: "z9hG4bKnext" }));
    expect(user.requests).toHaveLength(2);
  });

  it("is no fork when a To tag says that it belongs to a dialog", async () => {
    await start();
    await receive(
      requestText({ method: "INFO", toTag: "service" }),
      requestText({ method: "INFO", toTag: "service", branch: "z9hG4bKother" }),
    );
    expect(user.requests).toHaveLength(2);
  });
});

describe("the way back, RFC 3261 §18.2 and RFC 3581", () => {
  it("is the source address and port when rport asks for it", async () => {
    await start();
    const nat = await SimulatedPeer.at(network, "10.9.9.9", 33_333);
    nat.send(requestText({ method: "OPTIONS", via: "SIP/2.0/UDP 192.168.1.7:5060;rport" }), US);
    await settled();
    user.respond(200);
    await settled();
    expect(headerOf(nat.last, "Via")).toBe(
      "SIP/2.0/UDP 192.168.1.7:5060;rport=33333;branch=z9hG4bKpeer1;received=10.9.9.9",
    );
    expect(user.requests[0]?.request.text).toContain("received=10.9.9.9");
  });

  it("is the source address and the sent-by port without rport", async () => {
    await start();
    const caller = await SimulatedPeer.at(network, "10.9.9.9", 5_099);
    const elsewhere = await SimulatedPeer.at(network, "10.9.9.9", 33_333);
    elsewhere.send(requestText({ method: "OPTIONS", via: "SIP/2.0/UDP caller.example.com:5099" }), US);
    await settled();
    user.respond(200);
    await settled();
    expect(elsewhere.received).toEqual([]);
    expect(headerOf(caller.last, "Via")).toContain("received=10.9.9.9");
  });

  it("leaves the Via alone when there is nothing to say", async () => {
    await start();
    await receive(requestText({ method: "OPTIONS" }));
    user.respond(200);
    await settled();
    expect(headerOf(peer.last, "Via")).toBe("SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKpeer1");
  });

  it("keeps all Vias of a request that came through proxies, on one line or several", async () => {
    await start();
    const proxied = requestText({ method: "OPTIONS" }).replace(
      /Via: (.*)\r\n/,
      "Via: SIP/2.0/UDP proxy.example.com;branch=z9hG4bKp, $1\r\nVia: SIP/2.0/TCP origin.example.com;branch=z9hG4bKo\r\n",
    );
    await receive(proxied);
    user.respond(200);
    await settled();
    const vias = peer.last.split("\r\n").filter((line) => line.startsWith("Via:"));
    expect(vias).toEqual([
      "Via: SIP/2.0/UDP proxy.example.com;branch=z9hG4bKp;received=10.0.0.1, SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKpeer1",
      "Via: SIP/2.0/TCP origin.example.com;branch=z9hG4bKo",
    ]);
  });

  it("gives a response without Via the Vias of its request", async () => {
    await start();
    await receive(requestText({ method: "OPTIONS" }));
    const { transaction, request } = user.requests[0]!;
    const { buildResponse } = await import("@tandem/sip");
    const bare = buildResponse({
      status: 200,
      method: "OPTIONS",
      headers: [
        ["From", request.message.get("From") ?? ""],
        ["To", `${request.message.get("To")};tag=x`],
        ["Call-ID", "call-1"],
        ["CSeq", "1 OPTIONS"],
      ],
    });
    const sent = transaction.respond(bare);
    await settled();
    expect(headerOf(peer.last, "Via")).toBe("SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKpeer1");
    expect(sent).toMatchObject({ ok: true, value: { text: peer.last, address: "10.0.0.1", port: 5060 } });
  });

  it("tells the user once when the response cannot be sent", async () => {
    await start();
    await receive(requestText());
    network.cut("10.0.0.1:5060");
    user.respond(200);
    await clock.advance(5_000);
    expect(user.lost).toEqual([user.transaction]);
  });
});

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

describe("closing", () => {
  it("refuses new requests and lets a pending one be answered", async () => {
    await start();
    await receive(requestText());
    const closed = endpoint.close({ graceMs: 5_000 });
    await receive(requestText({ branch: "z9hG4bKnew", callId: "call-2" }));
    expect(peer.startLines.at(-1)).toBe("SIP/2.0 503 Service Unavailable");
    expect(headerOf(peer.last, "Retry-After")).not.toBe("");
    user.respond(486);
    await receive(requestText({ method: "ACK", toTag: "service" }));
    await receive(requestText({ method: "ACK", branch: "z9hG4bKnew", callId: "call-2", toTag: "any" }));
    await closed;
    expect(peer.startLines).toContain("SIP/2.0 486 Busy Here");
  });

  it("ends what is pending after the grace", async () => {
    await start();
    await receive(requestText());
    const closed = endpoint.close({ graceMs: 1_000 });
    await clock.advance(1_100);
    await closed;
    expect(user.transaction.respond(user.requests[0]!.request.message)).toMatchObject({ ok: false });
    expect(endpoint.stats().transactions["invite-server"]).toBe(0);
    expect(clock.running).toBe(0);
  });
});

describe("an INVITE that another endpoint received", () => {
  const arrival = { listener: "core", address: "10.0.0.1", port: 5060 };
  const invite = (text = requestText()) => {
    const parsed = parseMessage(text);
    if (!parsed.ok) throw new Error(parsed.error.detail);
    return parsed.value;
  };
  const answer = (status: number) => responseTo(invite(), status, { toTag: "service" });

  it("is answered from here, a 2xx until its ACK, without going up again", async () => {
    await start();
    const adopted = endpoint.adoptInvite(invite(), arrival);
    adopted?.transaction.respond(answer(180));
    adopted?.transaction.respond(answer(200));
    await clock.advance(600);
    await receive(requestText({ method: "ACK", branch: "z9hG4bKack", toTag: "service" }));
    await clock.advance(10_000);
    const [trying, ...statuses] = peer.startLines;
    expect([trying, ...statuses]).toEqual([
      "SIP/2.0 100 Trying",
      "SIP/2.0 180 Ringing",
      "SIP/2.0 200 OK",
      "SIP/2.0 200 OK",
    ]);
    expect([user.requests.length, user.acks[0]?.transaction]).toEqual([0, adopted?.transaction]);
  });

  it("is answered where its rport says, whatever port its sender writes", async () => {
    await start();
    const via = "SIP/2.0/UDP 192.168.0.7:5099;received=10.0.0.1;rport=5060";
    const adopted = endpoint.adoptInvite(invite(requestText({ via })), arrival);
    adopted?.transaction.respond(answer(180));
    await settled();
    expect(peer.startLines).toContain("SIP/2.0 180 Ringing");
  });

  it("is cancelled by its sender's CANCEL, and its repetition is absorbed", async () => {
    await start();
    const adopted = endpoint.adoptInvite(invite(), arrival);
    adopted?.transaction.respond(answer(180));
    await receive(requestText(), requestText({ method: "CANCEL" }));
    expect(peer.startLines).toEqual([
      "SIP/2.0 100 Trying",
      "SIP/2.0 180 Ringing",
      "SIP/2.0 180 Ringing",
      "SIP/2.0 200 OK",
      "SIP/2.0 487 Request Terminated",
    ]);
    expect([user.requests.length, user.cancels[0]?.transaction]).toEqual([0, adopted?.transaction]);
  });

  it("goes up when its sender, to whom its edge is lost, makes another way (RFC 3263 §4.3)", async () => {
    await start();
    endpoint.adoptInvite(invite(), arrival);
    await receive(requestText({ branch: "z9hG4bKnext" }));
    expect(user.requests).toHaveLength(1);
    expect(peer.startLines).not.toContain("SIP/2.0 482 Merged Request");
  });

  it.each([
    ["that came here, too", () => receive(requestText()), arrival, true],
    ["that came here by another way, too", () => receive(requestText({ branch: "z9hG4bKother" })), arrival, false],
    ["of a listener that is not here", () => Promise.resolve(), { ...arrival, listener: "other" }, false],
  ])("%s is not taken", async (_what, before, from, isKnown) => {
    await start();
    await before();
    expect(endpoint.adoptInvite(invite(), from)).toBeNull();
    expect(endpoint.knowsInvite(invite())).toBe(isKnown);
  });

  it("is not taken by an endpoint that closes", async () => {
    await start();
    const closed = endpoint.close({ graceMs: 1_000 });
    expect(endpoint.adoptInvite(invite(), arrival)).toBeNull();
    await clock.advance(1_000);
    await closed;
  });
});
