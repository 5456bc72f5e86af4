import { describe, expect, test } from "vitest";
import { startEdge } from "./support/edge-rig.ts";
import { branched } from "./support/lost-worker.ts";
import { OCTETS, RawApp } from "./support/raw-app.ts";

describe("an INVITE of an emergency call, of which a worker says so", () => {
  test("is waited for until it is answered and acknowledged, also by another worker", async () => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    const invite = edge.endpoint.receive("INVITE");
    await dying.sip("INVITE");
    expect(edge.server.stats().held).toBe(0);
    await dying.ask("hold|s1");
    expect(edge.server.stats().held).toBe(1);
    const other = await RawApp.login(edge.address, OCTETS);
    dying.socket.destroy();
    await other.sip("INVITE");
    await other.ask("sip|s1|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    expect(edge.server.stats().held).toBe(1);
    edge.endpoint.receiveAck(invite);
    expect(edge.server.stats().held).toBe(0);
  });

  test("is waited for no longer when its ACK came by another edge, which any worker says", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    const invite = edge.endpoint.receive("INVITE");
    await app.sip("INVITE");
    await app.ask("hold|s1");
    await app.ask("acknowledged|s1");
    expect([edge.server.stats().held, invite.acknowledgedElsewhere]).toEqual([1, false]);
    expect(edge.server.stats().unacknowledged).toBe(0);
    await app.ask("sip|s1|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    const other = await RawApp.login(edge.address, OCTETS);
    await other.ask("acknowledged|nothing");
    await other.ask("acknowledged");
    expect(edge.server.stats()).toMatchObject({ held: 1, unacknowledged: 1 });
    await other.ask("acknowledged|s1");
    expect(edge.server.stats()).toMatchObject({ held: 0, unacknowledged: 0 });
    expect(invite.acknowledgedElsewhere).toBe(true);
  });

  test("is waited for no longer when it came again by another edge, answered here or not; it can still be answered", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    const first = edge.endpoint.receive("INVITE");
    await app.sip("INVITE");
    edge.endpoint.receive("INVITE", { callId: "c2" });
    await app.sip("INVITE");
    await app.ask("hold|s1");
    await app.ask("hold|s2");
    await app.ask("sip|s2|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    expect(edge.server.stats().held).toBe(2);
    await app.ask("hold|s1|off");
    await app.ask("hold|s2|off");
    await app.ask("hold|nothing|off");
    expect(edge.server.stats().held).toBe(0);
    await app.ask("sip|s1|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    expect(first.responses.map(({ status }) => status)).toEqual([200]);
  });

  test("sent, it is waited for until its final response, also when another worker goes on with it", async () => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    const sent = await dying.ask(branched);
    await dying.ask(`hold|${sent.tokens[10]}`);
    expect(edge.server.stats().held).toBe(1);
    const other = await RawApp.login(edge.address, OCTETS);
    await other.ask(branched);
    expect(edge.server.stats().held).toBe(1);
    (await edge.endpoint.sentRequest(0)).answer(486);
    await other.sip("SIP/2.0 486");
    expect(edge.server.stats().held).toBe(0);
  });

  test("no other request, and nothing that is over, is waited for", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    edge.endpoint.receive("INFO", { toTag: "our-tag" });
    await app.sip("INFO");
    await app.ask("hold|s1");
    await app.ask("hold|nothing");
    await app.ask("hold");
    expect(edge.server.stats().held).toBe(0);
  });
});
