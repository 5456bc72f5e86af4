import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock, settled } from "../test/fake-clock.ts";
import { brokenResolver, FakeResolver, srv } from "../test/fake-resolver.ts";
import { ackTo, outgoing, RecordingClient, RecordingUser } from "../test/recorder.ts";
import { SimulatedDatagrams, SimulatedPeer } from "../test/simulated-datagrams.ts";
import { branchOf, headerOf, responseText } from "../test/sip-texts.ts";
import type { EndpointConfig } from "./config.ts";
import { createEndpoint } from "./create-endpoint.ts";
import type { ClientTransaction, Endpoint, EndpointEvents, OutgoingRequest, ReceivedMessage } from "./endpoint.ts";

const US = { address: "10.0.0.9", port: 5060 };
const PEER = "sip:them@10.0.0.1";

let clock: FakeClock;
let network: SimulatedDatagrams;
let peer: SimulatedPeer;
let endpoint: Endpoint;
let client: RecordingClient;

async function start(config: Partial<EndpointConfig> = {}, user: EndpointEvents = new RecordingUser()): Promise<void> {
  const made = await createEndpoint(
    { listeners: [{ name: "core", transport: "udp", ...US }], datagrams: network, clock, ...config },
    user,
  );
  if (!made.ok) throw new Error(made.error.detail);
  endpoint = made.value;
}

async function send(method: string, options: Partial<OutgoingRequest> = {}): Promise<ClientTransaction> {
  const request = { message: outgoing(method, PEER), listener: "core", nextHop: null, ...options };
  const transaction = endpoint.request(request, client);
  await settled();
  return transaction;
}

/** The peer answers the nth request it got. */
async function answer(
  status: number,
  options: { index?: number; toTag?: string; from?: SimulatedPeer } = {},
): Promise<void> {
  const from = options.from ?? peer;
  const request = from.received.at(options.index ?? 0);
  if (request === undefined) throw new Error("the peer got nothing");
  from.send(responseText(request, status, options.toTag), US);
  await settled();
}

beforeEach(async () => {
  clock = new FakeClock();
  network = new SimulatedDatagrams();
  peer = await SimulatedPeer.at(network, "10.0.0.1");
  client = new RecordingClient();
});

afterEach(() => endpoint.close());

describe("a forwarded request", () => {
  const viaOfCaller: readonly [string, string] = ["Via", "SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKcaller"];

  it("keeps the Via lines before ours, and its response is taken with all of them", async () => {
    await start();
    await send("OPTIONS", { message: outgoing("OPTIONS", PEER, [viaOfCaller]) });
    expect(peer.received[0]).toMatch(/^OPTIONS [^\r]+\r\nVia: SIP\/2\.0\/UDP 10\.0\.0\.9[^\r]+\r\n/);
    expect(peer.received[0]).toContain("branch=z9hG4bKcaller");
    await answer(200);
    expect(client.responses.map(({ message }) => message.getAll("Via").length)).toEqual([2]);
  });

  it("RFC 3261 §8.1.3.3: a request of our own takes no response with a second Via", async () => {
    await start();
    await send("OPTIONS");
    const request = peer.received[0] ?? "";
    const response = responseText(request, 200);
    peer.send(response.replace("\r\nVia:", `\r\nVia: ${viaOfCaller[1]}\r\nVia:`), US);
    const below = response.replace(/(\r\nVia: [^\r]+)/, `$1\r\nVia: ${viaOfCaller[1]}`);
    peer.send(below, US);
    await settled();
    expect(client.responses).toEqual([]);
    expect(endpoint.stats().discarded.malformed).toBe(2);
  });
});

describe("a 2xx to an INVITE that nothing here waits for", () => {
  const shared = { name: "core", ...US, advertisedAddress: "Pool.example.com", advertisedPort: 5070 };

  it.each([
    ["the advertised name and port, whichever edge sent it", "pool.EXAMPLE.com:5070", true],
    ["the bound address", "10.0.0.9:5060", true],
    ["the bound address, default port", "10.0.0.9", true],
    ["the advertised name, another port", "pool.example.com:5060", false],
    ["our address, another port", "10.0.0.9:5070", false],
    ["another host", "10.0.0.77:5060", false],
  ])("RFC 3261 §18.1.2, sent-by: %s", async (_what, sentBy, taken) => {
    const strays: ReceivedMessage[] = [];
    const user = Object.assign(new RecordingUser(), { onStrayAnswer: (stray: ReceivedMessage) => strays.push(stray) });
    await start({ listeners: [{ ...shared, transport: "udp" }] }, user);
    const invite = `INVITE ${PEER} SIP/2.0\r\nVia: SIP/2.0/UDP ${sentBy};branch=z9hG4bKgone\r\n`;
    const facts = "From: <sip:us@x>;tag=us\r\nTo: <sip:them@x>\r\nCall-ID: gone\r\nCSeq: 1 INVITE\r\n\r\n";
    peer.send(responseText(`${invite}${facts}`, 200, "callee"), US);
    await settled();
    expect([strays.length, endpoint.stats().discarded["stray-response"]]).toEqual(taken ? [1, 0] : [0, 1]);
  });
});

describe("a request of ours", () => {
  it("has our Via on top, Content-Length, and all else as given", async () => {
    await start();
    const message = outgoing("OPTIONS", PEER, [["X-Odd", "caf\u00e9"]], "body");
    await send("OPTIONS", { message });
    expect(peer.last.split("\r\n")).toEqual([
      "OPTIONS sip:them@10.0.0.1 SIP/2.0",
      expect.stringMatching(/^Via: SIP\/2\.0\/UDP 10\.0\.0\.9:5060;branch=z9hG4bK[\w.]+;rport$/),
      "Max-Forwards: 70",
      "From: <sip:us@10.0.0.9>;tag=us",
      "To: <sip:them@example.com>",
      "Call-ID: ours-1",
      "CSeq: 1 OPTIONS",
      "Contact: <sip:us@10.0.0.9>",
      "X-Odd: caf\u00e9",
      "Content-Length: 4",
      "",
      "body",
    ]);
    expect(client.sent).toMatchObject([{ text: peer.last, address: "10.0.0.1", port: 5060, transport: "udp" }]);
  });

  it("names the advertised address in Via", async () => {
    await start({
      listeners: [
        { name: "core", transport: "udp", ...US, advertisedAddress: "pool.example.com", advertisedPort: 5070 },
      ],
    });
    await send("OPTIONS");
    expect(headerOf(peer.last, "Via")).toMatch(/^SIP\/2\.0\/UDP pool\.example\.com:5070;/);
  });

  it("writes IPv6 addresses in brackets, and reaches them", async () => {
    const six = await SimulatedPeer.at(network, "2001:db8::1", 5070);
    await start({ listeners: [{ name: "core", transport: "udp", address: "2001:db8::9", port: 5060 }] });
    await send("OPTIONS", { nextHop: "sip:[2001:db8::1]:5070" });
    expect(headerOf(six.last, "Via")).toMatch(/^SIP\/2\.0\/UDP \[2001:db8::9\]:5060;/);
    six.send(responseText(six.last, 200), { address: "2001:db8::9", port: 5060 });
    await settled();
    expect(client.statuses).toEqual([200]);
  });

  it("keeps the Vias of a proxied request below ours", async () => {
    await start();
    const message = outgoing("OPTIONS", PEER, [["Via", "SIP/2.0/TCP caller.example.com;branch=z9hG4bKc"]]);
    await send("OPTIONS", { message });
    const vias = peer.last.split("\r\n").filter((line) => line.startsWith("Via:"));
    expect(vias).toHaveLength(2);
    expect(vias[1]).toContain("caller.example.com");
    await answer(200);
    expect(client.responses[0]?.message.getAll("Via")).toHaveLength(2);
  });

  it("goes where it is told, else to the top Route, else to the Request-URI", async () => {
    await start();
    const [told, route] = [
      await SimulatedPeer.at(network, "10.0.0.2", 5080),
      await SimulatedPeer.at(network, "10.0.0.3", 5090),
    ];
    const message = outgoing("OPTIONS", PEER, [["Route", "<sip:10.0.0.3:5090;lr>, <sip:10.0.0.4;lr>"]]);
    await send("OPTIONS", { message, nextHop: "sip:10.0.0.2:5080" });
    await send("OPTIONS", { message });
    await send("OPTIONS");
    expect([told, route, peer].map((each) => each.received.length)).toEqual([1, 1, 1]);
    // The next hop told is not added as a Route.
    expect(headerOf(told.last, "Route")).toBe("<sip:10.0.0.3:5090;lr>, <sip:10.0.0.4;lr>");
  });

  it("is repeated until an answer comes, which goes up once", async () => {
    await start();
    await send("OPTIONS");
    await clock.advance(1_600);
    expect(peer.received).toHaveLength(3);
    await answer(200);
    await answer(200);
    await clock.advance(10_000);
    expect(peer.received).toHaveLength(3);
    expect(client.statuses).toEqual([200]);
    expect(endpoint.stats().transactions["non-invite-client"]).toBe(0);
  });

  it("fails with timeout after 64*T1", async () => {
    await start();
    const transaction = await send("OPTIONS");
    await clock.advance(31_900);
    expect(client.failures).toEqual([]);
    await clock.advance(200);
    expect(client.failures).toMatchObject([{ reason: "timeout" }]);
    expect(transaction.pending).toBe(false);
    expect(endpoint.stats().failures.timeout).toBe(1);
  });

  it("fails at once when the system refuses the datagram", async () => {
    await start();
    network.cut("10.0.0.1:5060");
    await send("INVITE");
    expect(client.failures).toMatchObject([{ reason: "transport" }]);
  });

  const bad: readonly [string, Partial<OutgoingRequest>, string][] = [
    ["a Request-URI that is no SIP URI", { message: outgoing("OPTIONS", "tel:+15551234") }, "bad-next-hop"],
    ["an unreadable next hop", { nextHop: "sip:" }, "bad-next-hop"],
    ["a listener that does not exist", { listener: "nobody" }, "no-listener"],
    ["a transport that the listener does not speak", { nextHop: "sip:10.0.0.1;transport=tls" }, "no-listener"],
    ["a transport that nobody speaks", { nextHop: "sip:10.0.0.1;transport=sctp" }, "no-listener"],
    ["sips from a UDP listener", { nextHop: "sips:10.0.0.1" }, "no-listener"],
    ["an IPv6 address from an IPv4 listener", { nextHop: "sip:[2001:db8::1]" }, "no-listener"],
    ["a name without an address", { nextHop: "sip:nobody.example.com" }, "unresolved"],
  ];
  it.each(bad)("fails without being sent: %s", async (_fact, options, reason) => {
    await start({ resolver: new FakeResolver({}) });
    await send("OPTIONS", options);
    expect(client.failures).toMatchObject([{ reason }]);
    expect(network.sent).toEqual([]);
  });

  it("fails when DNS cannot be asked", async () => {
    await start({ resolver: brokenResolver });
    await send("OPTIONS", { nextHop: "sip:gateway.example.com" });
    expect(client.failures).toMatchObject([{ reason: "unresolved" }]);
  });

  it("gets no event before the call returned", async () => {
    await start();
    endpoint.request({ message: outgoing("OPTIONS", PEER), listener: "nobody", nextHop: null }, client);
    expect(client.failures).toEqual([]);
    await settled();
    expect(client.failures).toHaveLength(1);
  });

  it("survives the loss of the request and of the first response", async () => {
    await start();
    network.lose((_datagram, index) => index === 0 || index === 2);
    await send("OPTIONS");
    await clock.advance(600);
    await answer(200);
    expect(client.statuses).toEqual([]);
    await clock.advance(1_100);
    await answer(200, { index: -1 });
    expect(client.statuses).toEqual([200]);
  });

  it("ignores a response with several Vias unless the request had them (RFC 3261 §8.1.3.3)", async () => {
    await start();
    await send("OPTIONS");
    const astray = responseText(peer.last, 200).replace("\r\nVia: ", "\r\nVia: SIP/2.0/UDP 10.0.0.5\r\nVia: ");
    peer.send(astray.replace(/Via: (.*)\r\nVia: (.*)\r\n/, "Via: $2\r\nVia: $1\r\n"), US);
    await settled();
    expect(client.responses).toEqual([]);
    expect(endpoint.stats().discarded.malformed).toBe(1);
  });

  it("passes the first 100 to onTrying and never to onResponse", async () => {
    await start();
    await send("INVITE");
    await answer(100);
    await answer(100);
    await answer(180);
    expect(client.tryings.map(({ message }) => message.status)).toEqual([100]);
    expect(client.statuses).toEqual([180]);
  });

  it("ignores a response whose branch is not ours", async () => {
    await start();
    await send("OPTIONS");
    peer.send(responseText(peer.last.replace(branchOf(peer.last), "z9hG4bKforged"), 200), US);
    await settled();
    expect(client.responses).toEqual([]);
    expect(endpoint.stats().discarded["stray-response"]).toBe(1);
  });
});

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
    const earlier = client;
    client = new RecordingClient();
    await send("INVITE", { branch });
    expect(peer.received[1]).toBe(peer.received[0]);
    await answer(180, { toTag: "t" });
    await answer(200, { toTag: "t" });
    expect(earlier.failures).toMatchObject([{ reason: "superseded" }]);
    expect(earlier.responses).toEqual([]);
    expect(client.responses.map(({ message }) => message.status)).toEqual([180, 200]);
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

describe("closing", () => {
  it("tells whoever still waits, and whoever comes later", async () => {
    await start();
    await send("INVITE");
    await endpoint.close();
    expect(client.failures).toMatchObject([{ reason: "closing" }]);
    await send("OPTIONS");
    expect(client.failures).toHaveLength(2);
    const ack = await endpoint.sendAck({ message: outgoing("ACK", PEER), listener: null, nextHop: null });
    expect(ack).toMatchObject({ ok: false, error: { reason: "closing" } });
  });

  it("waits for the response within the grace", async () => {
    await start();
    await send("OPTIONS");
    const closed = endpoint.close({ graceMs: 60_000 });
    await answer(200);
    await closed;
    expect(client.statuses).toEqual([200]);
    expect(client.failures).toEqual([]);
  });
});
