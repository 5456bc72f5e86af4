import { parseMessage, responseTo } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import { settled } from "../test/fake-clock.ts";
import { headerOf, requestText } from "../test/sip-texts.ts";
import { clock, endpoint, peer, receive, start, useEndpoint, user } from "../test/simulated-endpoint.ts";

useEndpoint();

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
