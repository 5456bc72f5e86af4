import { describe, expect, it } from "vitest";
import { settled } from "../test/fake-clock.ts";
import { SimulatedPeer } from "../test/simulated-datagrams.ts";
import { headerOf, requestText } from "../test/sip-texts.ts";
import { US, clock, endpoint, network, peer, receive, start, useEndpoint, user } from "../test/simulated-endpoint.ts";

useEndpoint();

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
