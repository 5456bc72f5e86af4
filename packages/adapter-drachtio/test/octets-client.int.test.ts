import { describe, expect, test } from "vitest";
import { startEdge } from "./support/edge-rig.ts";
import { OCTETS, RawApp } from "./support/raw-app.ts";

describe("a client with octets", () => {
  test("gets listener, identities and the message as latin1 in UTF-8", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    const body = "\u00e9\u0080\u00ff";
    edge.endpoint.receive("MESSAGE", { body, source: { identities: ["sbc.example"] } });
    const { tokens, text } = await app.sip("MESSAGE");
    expect(tokens.slice(1, 3)).toEqual(["sip", "network"]);
    expect(tokens.slice(4)).toEqual([
      "udp",
      "198.51.100.7",
      "5062",
      expect.stringMatching(/^\d+ms$/),
      "s1",
      "",
      "192.0.2.1",
      "5060",
      "outside",
      "sbc.example",
      "",
    ]);
    expect(text.endsWith(`\r\n\r\n${body}`)).toBe(true);
  });

  test("its response goes out as given and is confirmed by the transaction id alone", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    const transaction = edge.endpoint.receive("INVITE");
    const { tokens, text } = await app.sip("INVITE");
    const shared = text.split("\r\n").filter((line) => /^(Via|From|Call-ID|CSeq):/.test(line));
    const response = ["SIP/2.0 183 Session Progress", ...shared, "To: <sip:x@y>;tag=mine", "X-Odd:  kept ", "", ""];
    const reply = await app.ask(`sip|${tokens[8]}|\r\n${response.join("\r\n")}`);
    expect(reply.payload.split("|").slice(3)).toEqual(["OK", "application", "0", "", "", "", "", "s1"]);
    const sent = transaction.responses[0];
    expect([sent?.get("To"), sent?.get("Contact"), sent?.get("X-Odd")]).toEqual([
      "<sip:x@y>;tag=mine",
      undefined,
      "kept",
    ]);
  });

  test("a response without the transaction's headers gets them from the request", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    const transaction = edge.endpoint.receive("OPTIONS");
    const { tokens } = await app.sip("OPTIONS");
    await app.ask(`sip|${tokens[8]}|\r\nSIP/2.0 400 Bad Request\r\n\r\n`);
    const sent = transaction.responses[0];
    expect([sent?.get("Call-ID"), sent?.get("CSeq"), sent?.get("From")]).toEqual([
      "call-1",
      "1 OPTIONS",
      "<sip:caller@198.51.100.7:5062>;tag=caller-tag",
    ]);
    expect(sent?.get("To")).toMatch(/;tag=.+/);
  });

  test("its request goes out as given, by next hop and listener; only Max-Forwards is added when missing", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    const request = [
      "INVITE sip:b@198.51.100.9 SIP/2.0",
      "Route: <sip:p1;lr>",
      "From: <sip:a@x>;tag=1",
      "To: <sip:b@y>",
      "Call-ID: k1",
      "CSeq: 77 INVITE",
    ];
    const reply = await app.ask(`sip|||sip:203.0.113.5;lr|inside\r\n${request.join("\r\n")}\r\n\r\n`);
    const { out } = await edge.endpoint.sentRequest(0);
    expect([out.listener, out.nextHop]).toEqual(["inside", "sip:203.0.113.5;lr"]);
    expect(out.message.headers.map(([name, value]) => `${name}: ${value}`)).toEqual([
      ...request.slice(1),
      "Max-Forwards: 70",
    ]);
    expect(reply.tokens[10]).toBe("c1");
  });

  test.each([
    ["timeout", "SIP/2.0 408 timeout"],
    ["transport", "SIP/2.0 503 transport"],
    ["tls", "SIP/2.0 503 transport: tls"],
    ["unresolved", "SIP/2.0 503 unresolved"],
    ["no-listener", "SIP/2.0 503 no-listener"],
  ] as const)("%s comes back as a response of no bytes", async (reason, line) => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    await app.ask("sip||\r\nOPTIONS sip:b@198.51.100.9 SIP/2.0\r\nCall-ID: k1\r\n\r\n");
    (await edge.endpoint.sentRequest(0)).fail(reason);
    const frame = await app.sip(line);
    expect(frame.tokens.slice(2, 9)).toEqual(["network", "0", "", "", "0", "", "c1"]);
  });

  test("a CANCEL reaches it by the INVITE's transaction id", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    const invite = edge.endpoint.receive("INVITE");
    await app.sip("INVITE");
    edge.endpoint.receiveCancel(invite);
    expect((await app.sip("CANCEL")).tokens[8]).toBe("s1");
    expect(edge.server.stats().waiting.incoming).toBe(0);
  });

  test("it cancels by transaction id, with its Reason", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    const sent = await app.ask("sip||\r\nINVITE sip:b@198.51.100.9 SIP/2.0\r\nCall-ID: k1\r\n\r\n");
    const cancel = `sip|${sent.tokens[10]}|\r\nCANCEL sip:placeholder SIP/2.0\r\nReason: SIP;cause=200\r\n\r\n`;
    expect((await app.ask(cancel)).tokens[3]).toBe("OK");
    expect((await edge.endpoint.sentRequest(0)).cancelled).toEqual([["Reason", "SIP;cause=200"]]);
    const unknown = await app.ask("sip|c99|\r\nCANCEL sip:placeholder SIP/2.0\r\n\r\n");
    expect(unknown.tokens[3]).toBe("NOK");
  });

  test("a missing ACK is told with the transaction id and the 2xx", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    const invite = edge.endpoint.receive("INVITE");
    await app.sip("INVITE");
    await app.ask("sip|s1|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=mine\r\n\r\n");
    edge.endpoint.ackTimeout(invite);
    const frame = await app.sip("SIP/2.0 200 OK");
    expect([frame.tokens[2], frame.tokens[8], frame.tokens[9]]).toEqual(["application", "ack-timeout", "s1"]);
  });

  test("a 2xx that could not be delivered counts as one that was never acknowledged", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    const invite = edge.endpoint.receive("INVITE");
    await app.sip("INVITE");
    await app.ask("sip|s1|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=mine\r\n\r\n");
    edge.endpoint.responseLost(invite);
    expect((await app.sip("SIP/2.0 200 OK")).tokens[8]).toBe("ack-timeout");
  });
});

describe("reliable provisional responses (RFC 3262 §3)", () => {
  test("are repeated until the PRACK that names them", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    const invite = edge.endpoint.receive("INVITE");
    const { text } = await app.sip("INVITE");
    const cseq = text.split("\r\n").find((line) => line.startsWith("CSeq"));
    await app.ask(
      `sip|s1|\r\nSIP/2.0 183 Session Progress\r\nTo: <sip:x>;tag=our-tag\r\n${cseq}\r\nRequire: 100rel\r\nRSeq: 7\r\n\r\n`,
    );
    await edge.endpoint.until(() => (invite.responses.length === 2 ? true : undefined));
    edge.endpoint.receive("PRACK", { toTag: "our-tag", headers: [["RAck", "7 1 INVITE"]] });
    await app.sip("PRACK");
    await app.ask("sip|s1|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    expect(invite.responses.map((each) => each.status)).toEqual([183, 183, 200]);
  });
});
