import { describe, expect, it } from "vitest";
import { settled } from "../test/fake-clock.ts";
import { FakeResolver, srv } from "../test/fake-resolver.ts";
import { ackTo, outgoing, RecordingClient } from "../test/recorder.ts";
import { SimulatedPeer } from "../test/simulated-datagrams.ts";
import { branchOf, headerOf } from "../test/sip-texts.ts";
import {
  PEER,
  answer,
  client,
  clock,
  endpoint,
  network,
  peer,
  send,
  start,
  useEndpoint,
} from "../test/simulated-endpoint.ts";

useEndpoint();

describe("an INVITE of ours", () => {
  it("passes provisional responses but 100, and the final one", async () => {
    await start();
    await send("INVITE");
    await answer(100);
    await answer(180);
    await answer(183);
    await answer(486);
    expect(client.statuses).toEqual([180, 183, 486]);
  });

  it("ACKs a non-2xx by itself, again for each repetition", async () => {
    await start();
    const message = outgoing("INVITE", PEER, [["Route", "<sip:10.0.0.1;lr>"]]);
    await send("INVITE", { message });
    await answer(486);
    await answer(486);
    expect(client.statuses).toEqual([486]);
    const [invite, ack, again] = peer.received;
    expect(ack?.split("\r\n")).toEqual([
      "ACK sip:them@10.0.0.1 SIP/2.0",
      `Via: ${headerOf(invite!, "Via")}`,
      "Route: <sip:10.0.0.1;lr>",
      "Max-Forwards: 70",
      "From: <sip:us@10.0.0.9>;tag=us",
      "To: <sip:them@example.com>;tag=callee",
      "Call-ID: ours-1",
      "CSeq: 1 ACK",
      "Content-Length: 0",
      "",
      "",
    ]);
    expect(again).toBe(ack);
    await clock.advance(33_000);
    expect(endpoint.stats().transactions["invite-client"]).toBe(0);
  });

  it("stops repeating with the first provisional response", async () => {
    await start();
    await send("INVITE");
    await clock.advance(600);
    await answer(100);
    await clock.advance(60_000);
    expect(peer.received).toHaveLength(2);
    expect(client.failures).toEqual([]);
  });

  it("passes each fork's 2xx once, and repeats the user's ACK for a repeated one", async () => {
    await start();
    await send("INVITE");
    await answer(200, { toTag: "fork1" });
    await answer(200, { toTag: "fork2" });
    expect(client.statuses).toEqual([200, 200]);
    const sent = await endpoint.sendAck({
      message: ackTo(client.responses[0]!, PEER),
      listener: "core",
      nextHop: null,
    });
    await settled();
    expect(sent).toMatchObject({ ok: true, value: { text: peer.last } });
    expect(peer.received).toHaveLength(2);
    await answer(200, { toTag: "fork1" });
    expect(peer.received).toHaveLength(3);
    expect(peer.received[2]).toBe(peer.received[1]);
    await answer(200, { toTag: "fork2" });
    expect(peer.received).toHaveLength(3);
    expect(client.statuses).toEqual([200, 200]);
    expect(client.repeated).toHaveLength(1);
    await clock.advance(33_000);
    expect(endpoint.stats().transactions["invite-client"]).toBe(0);
  });

  it("gives the ACK to a 2xx a branch of its own", async () => {
    await start();
    await send("INVITE");
    await answer(200);
    await endpoint.sendAck({ message: ackTo(client.responses[0]!, PEER), listener: null, nextHop: null });
    await settled();
    expect(branchOf(peer.received[1]!)).not.toBe(branchOf(peer.received[0]!));
  });

  it("says why an ACK could not be sent", async () => {
    await start();
    await send("INVITE");
    await answer(200);
    const sent = await endpoint.sendAck({
      message: ackTo(client.responses[0]!, "tel:1"),
      listener: null,
      nextHop: null,
    });
    expect(sent).toMatchObject({ ok: false, error: { reason: "bad-next-hop" } });
  });

  it("gives up an address after the time the user allows", async () => {
    await start();
    await send("INVITE", { timeoutMs: 4_000 });
    await clock.advance(4_100);
    expect(client.failures).toMatchObject([{ reason: "timeout" }]);
  });
});

describe("a request with a branch of its user's choice", () => {
  const branch = "z9hG4bKcall-b1-1";

  it("goes out with it", async () => {
    await start();
    await send("INVITE", { branch });
    expect(branchOf(peer.received[0] ?? "")).toBe(branch);
  });

  it("has another at the next address", async () => {
    const resolver = new FakeResolver({
      srv: { "_sip._udp.gw.example.com": [srv("a.example.com", 5060, 1), srv("b.example.com", 5060, 2)] },
      a: { "a.example.com": ["10.0.0.1"], "b.example.com": ["10.0.0.2"] },
    });
    const second = await SimulatedPeer.at(network, "10.0.0.2");
    await start({ resolver });
    await send("INVITE", { branch, nextHop: "sip:gw.example.com", timeoutMs: 1_000 });
    await clock.advance(1_100);
    expect(branchOf(second.received[0] ?? "")).toBe(`${branch}.2`);
  });

  it("and a sent-by of its choice: the CANCEL of an INVITE that another endpoint sent, whose answer comes back here", async () => {
    await start();
    const invite = outgoing("INVITE", PEER);
    await send("CANCEL", { message: outgoing("CANCEL", PEER), branch, sentBy: "10.0.0.8:5070", timeoutMs: 1_000 });
    expect(headerOf(peer.last, "Via")).toBe(`SIP/2.0/UDP 10.0.0.8:5070;branch=${branch};rport`);
    expect(headerOf(peer.last, "Call-ID")).toBe(invite.get("Call-ID"));
    await answer(200);
    expect(client.statuses).toEqual([200]);
  });

  it("and nobody answers the CANCEL: over when its user wants it to be", async () => {
    await start();
    await send("CANCEL", { message: outgoing("CANCEL", PEER), branch, sentBy: "10.0.0.8", timeoutMs: 1_000 });
    await clock.advance(1_100);
    expect(client.failures).toMatchObject([{ reason: "timeout" }]);
    expect(peer.received).toHaveLength(2);
    expect(headerOf(peer.last, "Via")).toBe(`SIP/2.0/UDP 10.0.0.8;branch=${branch};rport`);
  });

  it("is a retransmission when sent again: the answer goes to the later, the earlier ends as superseded", async () => {
    await start();
    await send("INVITE", { branch });
    const later = new RecordingClient();
    await send("INVITE", { branch }, later);
    expect(peer.received[1]).toBe(peer.received[0]);
    await answer(180, { toTag: "t" });
    await answer(200, { toTag: "t" });
    expect(client.failures).toMatchObject([{ reason: "superseded" }]);
    expect(client.responses).toEqual([]);
    expect(later.responses.map(({ message }) => message.status)).toEqual([180, 200]);
    await clock.advance(40_000);
    expect(endpoint.stats().transactions["invite-client"]).toBe(0);
  });
});

describe("cancelling an INVITE, RFC 3261 §9.1", () => {
  it("sends CANCEL with the INVITE's Via, Route and numbers once a provisional response came", async () => {
    await start();
    const message = outgoing("INVITE", PEER, [["Route", "<sip:10.0.0.1;lr>"]]);
    const transaction = await send("INVITE", { message });
    await answer(180);
    expect(transaction.cancel([["Reason", "SIP;cause=200"]])).toBeNull();
    await settled();
    const [invite, cancel] = peer.received;
    expect(cancel?.split("\r\n").slice(0, 9)).toEqual([
      "CANCEL sip:them@10.0.0.1 SIP/2.0",
      `Via: ${headerOf(invite!, "Via")}`,
      "Route: <sip:10.0.0.1;lr>",
      "Max-Forwards: 70",
      "From: <sip:us@10.0.0.9>;tag=us",
      "To: <sip:them@example.com>",
      "Call-ID: ours-1",
      "CSeq: 1 CANCEL",
      "Reason: SIP;cause=200",
    ]);
    await answer(200, { index: 1 });
    await answer(487);
    expect(client.statuses).toEqual([180, 487]);
    expect(client.failures).toEqual([]);
  });

  it("holds the CANCEL until then", async () => {
    await start();
    const transaction = await send("INVITE");
    transaction.cancel();
    await settled();
    expect(peer.received).toHaveLength(1);
    await answer(100);
    expect(peer.startLines[1]).toMatch(/^CANCEL /);
  });

  it("sends no CANCEL when the final response comes first", async () => {
    await start();
    const transaction = await send("INVITE");
    transaction.cancel();
    await answer(200);
    await settled();
    expect(peer.received).toHaveLength(1);
    expect(client.statuses).toEqual([200]);
    expect(transaction.cancel()).toMatchObject({ reason: "transaction-over" });
  });

  it("passes up a 2xx that crosses the CANCEL", async () => {
    await start();
    const transaction = await send("INVITE");
    await answer(180);
    transaction.cancel();
    await answer(200);
    expect(client.statuses).toEqual([180, 200]);
  });

  it("gives up 64*T1 after a CANCEL that changed nothing", async () => {
    await start();
    const transaction = await send("INVITE");
    await answer(180);
    transaction.cancel();
    await clock.advance(32_200);
    expect(client.failures).toMatchObject([{ reason: "timeout" }]);
    expect(endpoint.stats().transactions).toMatchObject({ "invite-client": 0, "non-invite-client": 0 });
  });

  it("repeats the CANCEL until its answer", async () => {
    await start();
    const transaction = await send("INVITE");
    await answer(180);
    transaction.cancel();
    await clock.advance(1_600);
    expect(peer.startLines.filter((line) => line.startsWith("CANCEL"))).toHaveLength(3);
  });

  it("before anything was sent means that nothing is", async () => {
    await start();
    const transaction = endpoint.request(
      { message: outgoing("INVITE", PEER), listener: "core", nextHop: null },
      client,
    );
    transaction.cancel();
    await settled();
    expect(client.failures).toMatchObject([{ reason: "cancelled" }]);
    expect(network.sent).toEqual([]);
  });

  it("is not for other requests", async () => {
    await start();
    const transaction = await send("OPTIONS");
    expect(transaction.cancel()).toMatchObject({ reason: "transaction-over" });
  });
});
