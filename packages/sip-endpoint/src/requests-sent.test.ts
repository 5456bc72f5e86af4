import { describe, expect, it } from "vitest";
import { settled } from "../test/fake-clock.ts";
import { brokenResolver, FakeResolver } from "../test/fake-resolver.ts";
import { outgoing, RecordingUser } from "../test/recorder.ts";
import { SimulatedPeer } from "../test/simulated-datagrams.ts";
import { branchOf, headerOf, responseText } from "../test/sip-texts.ts";
import type { OutgoingRequest, ReceivedMessage } from "./endpoint.ts";
import {
  PEER,
  US,
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

describe("a response with lines that cannot be read", () => {
  it.each([
    ["no header", "no header at all"],
    ["a CR within", "X: a\rb"],
    ["too long", `X: ${"x".repeat(20_000)}`],
  ])("is taken without them: %s", async (_fact, line) => {
    await start();
    await send("OPTIONS");
    peer.send(responseText(peer.received[0] ?? "", 200, "callee", [line, "Server: that one"]), US);
    await settled();
    expect(client.responses.map(({ message }) => message.get("Server"))).toEqual(["that one"]);
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
