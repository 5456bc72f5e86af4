import { beforeEach, describe, expect, it } from "vitest";
import { FakeResolver, srv } from "../test/fake-resolver.ts";
import { outgoing } from "../test/recorder.ts";
import { SimulatedPeer } from "../test/simulated-datagrams.ts";
import { branchOf } from "../test/sip-texts.ts";
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

describe("the next address, RFC 3263 §4.3", () => {
  const resolver = new FakeResolver({
    srv: { "_sip._udp.gw.example.com": [srv("one.example.com", 5060, 1), srv("two.example.com", 5070, 2)] },
    a: { "one.example.com": ["10.0.0.1"], "two.example.com": ["10.0.0.2"] },
  });
  let second: SimulatedPeer;
  beforeEach(async () => {
    second = await SimulatedPeer.at(network, "10.0.0.2", 5070);
    await start({ resolver });
  });

  it("is tried after a 503, which stays here, with a new branch", async () => {
    await send("INVITE", { nextHop: "sip:gw.example.com" });
    await answer(503);
    expect(peer.startLines[1]).toMatch(/^ACK /);
    expect(second.startLines).toEqual(["INVITE sip:them@10.0.0.1 SIP/2.0"]);
    expect(branchOf(second.last)).not.toBe(branchOf(peer.last));
    await answer(200, { from: second });
    expect(client.statuses).toEqual([200]);
    expect(client.sent.map((sent) => sent.address)).toEqual(["10.0.0.1", "10.0.0.2"]);
    expect(endpoint.stats().failures.nextAddress).toBe(1);
  });

  it.each([
    ["one of them: it", "10.0.0.2", 0, 1],
    ["none of them, from which a gateway behind an address of several machines answers: the first", "10.0.0.77", 1, 0],
  ])("comes first where our user names %s", async (_what, address, atFirst, atSecond) => {
    await send("CANCEL", { message: outgoing("CANCEL", PEER), nextHop: `sip:gw.example.com;first=${address}` });
    expect([peer.received.length, second.received.length]).toEqual([atFirst, atSecond]);
  });

  it("is not chosen by what a peer writes into its Contact", async () => {
    await send("OPTIONS", { message: outgoing("OPTIONS", "sip:gw.example.com;first=10.0.0.2") });
    expect([peer.received.length, second.received.length]).toEqual([1, 0]);
  });

  it("is tried once for a 503 however often it comes", async () => {
    await send("INVITE", { nextHop: "sip:gw.example.com" });
    await answer(503);
    await answer(503);
    await answer(503);
    expect(second.received).toHaveLength(1);
  });

  it("is tried when the first is unreachable", async () => {
    network.cut("10.0.0.1:5060");
    await send("OPTIONS", { nextHop: "sip:gw.example.com" });
    await answer(200, { from: second });
    expect(client.statuses).toEqual([200]);
  });

  it("comes first while the other is silent, and its turn is over when that one answers", async () => {
    const silent = await send("INVITE", { nextHop: "sip:gw.example.com" });
    await clock.advance(2_000);
    silent.cancel();
    await send("INVITE", { nextHop: "sip:gw.example.com", branch: "z9hG4bKagain" });
    expect(second.startLines).toEqual(["INVITE sip:them@10.0.0.1 SIP/2.0"]);
    await answer(503, { from: second });
    await answer(486, { index: -1 });
    await send("OPTIONS", { nextHop: "sip:gw.example.com" });
    expect(peer.startLines.at(-1)).toMatch(/^OPTIONS /);
  });

  it("does not come first after a request that was given up at once", async () => {
    const withdrawn = await send("INVITE", { nextHop: "sip:gw.example.com" });
    withdrawn.cancel();
    await send("OPTIONS", { nextHop: "sip:gw.example.com" });
    expect(second.received).toEqual([]);
  });

  it("is tried when the first stays silent", async () => {
    await send("INVITE", { nextHop: "sip:gw.example.com", timeoutMs: 3_000 });
    await clock.advance(3_100);
    expect(second.received).toHaveLength(1);
    await answer(200, { from: second });
    expect(client.statuses).toEqual([200]);
    expect(client.failures).toEqual([]);
  });

  it("is not tried once the first rings: nobody rings twice", async () => {
    await send("INVITE", { nextHop: "sip:gw.example.com" });
    await answer(180);
    await answer(503);
    expect(second.received).toEqual([]);
    expect(client.statuses).toEqual([180, 503]);
  });

  it("is not tried after a CANCEL", async () => {
    const transaction = await send("INVITE", { nextHop: "sip:gw.example.com" });
    await answer(100);
    transaction.cancel();
    await answer(503);
    expect(second.received).toEqual([]);
    expect(client.statuses).toEqual([503]);
  });

  it("does not exist after the last: its 503 goes up", async () => {
    await send("INVITE", { nextHop: "sip:gw.example.com" });
    await answer(503);
    await answer(503, { from: second });
    expect(client.statuses).toEqual([503]);
  });

  it("does not exist after the last: its silence is a timeout", async () => {
    network.cut("10.0.0.1:5060");
    await send("OPTIONS", { nextHop: "sip:gw.example.com", timeoutMs: 1_000 });
    await clock.advance(1_100);
    expect(client.failures).toMatchObject([{ reason: "timeout" }]);
  });

  it("is not tried for other refusals", async () => {
    await send("INVITE", { nextHop: "sip:gw.example.com" });
    await answer(500);
    expect(second.received).toEqual([]);
    expect(client.statuses).toEqual([500]);
  });
});
