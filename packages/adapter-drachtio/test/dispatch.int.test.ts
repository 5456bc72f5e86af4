import { describe, expect, test } from "vitest";
import { startEdge } from "./support/edge-rig.ts";
import { OCTETS, RawApp } from "./support/raw-app.ts";

describe("new requests", () => {
  test("go round over the applications that routed the method", async () => {
    await using edge = await startEdge();
    const first = await RawApp.login(edge.address, { verbs: ["invite"] });
    const second = await RawApp.login(edge.address, { verbs: ["invite", "options"] });
    for (const callId of ["c1", "c2", "c3", "c4"]) edge.endpoint.receive("INVITE", { callId });
    edge.endpoint.receive("OPTIONS", { callId: "c5" });
    await first.sip("INVITE");
    await first.sip("INVITE");
    await second.sip("INVITE");
    await second.sip("INVITE");
    await second.sip("OPTIONS");
    expect([first.frames, second.frames]).toEqual([[], []]);
  });

  test("the same INVITE by another way goes to the application that serves the first (RFC 3263 §4.3), and to another once that refused it", async () => {
    await using edge = await startEdge();
    const first = await RawApp.login(edge.address, OCTETS);
    edge.endpoint.receive("INVITE", { callId: "c1" });
    const { tokens, text } = await first.sip("INVITE");
    const second = await RawApp.login(edge.address, OCTETS);
    for (let way = 0; way < 2; way += 1) {
      edge.endpoint.receive("INVITE", { callId: "c1" });
      await first.sip("INVITE");
    }
    const shared = text.split("\r\n").filter((line) => /^(Via|From|Call-ID|CSeq):/.test(line));
    const refusal = ["SIP/2.0 503 Service Unavailable", ...shared, "To: <sip:x@y>;tag=mine", "", ""].join("\r\n");
    await first.ask(`sip|${tokens[8]}|\r\n${refusal}`);
    for (const id of ["s2", "s3"]) await first.ask(`sip|${id}|\r\n${refusal}`);
    await first.ask("remove_route|*");
    edge.endpoint.receive("INVITE", { callId: "c1" });
    await second.sip("INVITE");
  });

  test("an INVITE that replaces a dialog which is set up goes to the application that sets it up (RFC 3891 §3)", async () => {
    await using edge = await startEdge();
    const [first, second] = [await RawApp.login(edge.address, OCTETS), await RawApp.login(edge.address, OCTETS)];
    await second.ask(
      "sip||\r\nINVITE sip:b@198.51.100.9 SIP/2.0\r\nCall-ID: k1\r\nCSeq: 1 INVITE\r\nTo: <sip:b>\r\n\r\n",
    );
    for (const serial of [1, 2, 3]) {
      const headers = [["Replaces", "k1;to-tag=ours;from-tag=theirs;early-only"]] as const;
      edge.endpoint.receive("INVITE", { callId: `pickup-${serial}`, headers });
      await second.sip("INVITE");
    }
    for (const value of ["k2;to-tag=ours;from-tag=theirs", "nonsense"]) {
      edge.endpoint.receive("INVITE", { callId: value, headers: [["Replaces", value]] });
    }
    for (const app of [first, second]) await app.sip("INVITE");
  });

  test("a route registered twice does not double the share", async () => {
    await using edge = await startEdge();
    const first = await RawApp.login(edge.address, { verbs: ["invite", "invite", "invite"] });
    const second = await RawApp.login(edge.address, { verbs: ["invite"] });
    for (const callId of ["c1", "c2", "c3", "c4"]) edge.endpoint.receive("INVITE", { callId });
    await second.until(() => (second.frames.length === 2 ? true : undefined));
    await first.until(() => (first.frames.length === 2 ? true : undefined));
  });

  test("remove_route withdraws that verb only", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, { verbs: ["invite", "options"] });
    expect((await app.ask("remove_route|invite")).tokens[3]).toBe("OK");
    const refused = edge.endpoint.receive("INVITE");
    edge.endpoint.receive("OPTIONS");
    await app.sip("OPTIONS");
    expect(refused.responses.map((each) => each.status)).toEqual([503]);
  });

  test("a worker that took back its routes stands aside: it gets what no other worker takes, and nothing else", async () => {
    await using edge = await startEdge();
    const aside = await RawApp.login(edge.address, OCTETS);
    await aside.ask("remove_route|*");
    edge.endpoint.receive("INVITE", { callId: "alone" });
    await aside.sip("INVITE");
    const other = await RawApp.login(edge.address, OCTETS);
    for (const callId of ["c1", "c2"]) edge.endpoint.receive("INVITE", { callId });
    await other.sip("INVITE");
    await other.sip("INVITE");
    other.socket.destroy();
    await aside.sip("INVITE");
    await aside.sip("INVITE");
    await aside.ask("route|*");
    edge.endpoint.receive("INVITE", { callId: "again" });
    await aside.sip("INVITE");
    expect(aside.frames).toEqual([]);
  });

  test("what waits for a worker is offered to one that comes only to stand aside", async () => {
    await using edge = await startEdge({ settings: { parkMs: 5_000 } });
    edge.endpoint.receive("INVITE");
    const aside = await RawApp.login(edge.address, { tags: "octets", verbs: [] });
    await aside.ask("remove_route|*");
    await aside.sip("INVITE");
  });

  test("with no application there is 503 with Retry-After and a To tag", async () => {
    await using edge = await startEdge();
    const { responses } = edge.endpoint.receive("INVITE");
    expect(responses.map((each) => [each.status, each.get("Retry-After")])).toEqual([[503, "5"]]);
    expect(responses[0]?.get("To")).toContain(";tag=");
    expect(edge.server.stats().ownAnswers).toEqual([{ reason: "no-application", method: "INVITE", count: 1 }]);
  });

  test("an ACK that belongs nowhere is dropped when there is no application", async () => {
    await using edge = await startEdge();
    edge.endpoint.receiveAck(null);
    expect(edge.server.stats().waiting.incoming).toBe(0);
  });
});

describe("an edge that has just begun", () => {
  test.each(["INVITE", "BYE"])("%s waits for the first worker", async (method) => {
    await using edge = await startEdge({ settings: { parkMs: 60_000 } });
    edge.endpoint.receive(method, method === "BYE" ? { toTag: "our-tag" } : {});
    const app = await RawApp.login(edge.address, OCTETS);
    expect((await app.sip(method)).tokens[1]).toBe("sip");
  });

  test("refuses a ping at once", async () => {
    await using edge = await startEdge({ settings: { parkMs: 60_000 } });
    expect(edge.endpoint.receive("OPTIONS").responses.at(-1)?.status).toBe(503);
  });

  test("refuses at once what the applications that came do not take", async () => {
    await using edge = await startEdge({ settings: { parkMs: 60_000 } });
    const app = await RawApp.login(edge.address, { verbs: ["invite"] });
    expect(edge.endpoint.receive("MESSAGE").responses.at(-1)?.status).toBe(503);
    expect(app.frames).toEqual([]);
  });

  test("refuses when none came in time", async () => {
    await using edge = await startEdge({ settings: { parkMs: 5_000 } });
    edge.advance(5_000);
    const invite = edge.endpoint.receive("INVITE");
    expect(invite.responses.at(-1)?.status).toBe(503);
  });
});

describe("requests inside a dialog", () => {
  test("go to the worker that holds a live INVITE transaction of the call, until its ACK", async () => {
    await using edge = await startEdge();
    const apps = [await RawApp.login(edge.address, OCTETS), await RawApp.login(edge.address, OCTETS)];
    const invite = edge.endpoint.receive("INVITE");
    const owner = await edge.endpoint.until(() => apps.find((app) => app.frames.length > 0));
    await owner.sip("INVITE");
    await owner.ask("sip|s1|\r\nSIP/2.0 183 Session Progress\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    for (const method of ["PRACK", "UPDATE", "INFO"]) {
      edge.endpoint.receive(method, { toTag: "our-tag" });
      await owner.sip(method);
    }
    await owner.ask("sip|s1|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    edge.endpoint.receive("UPDATE", { toTag: "our-tag" });
    await owner.sip("UPDATE");
    edge.endpoint.receiveAck(invite);
    expect((await owner.sip("ACK")).tokens[8]).toBe("s1");
    // What comes right behind the ACK finds the worker that still stores what the ACK changed.
    for (const cseq of [3, 4]) {
      edge.endpoint.receive("MESSAGE", { toTag: "our-tag", cseq });
      await owner.sip("MESSAGE");
    }
    // Afterwards anybody will do.
    edge.advance(1_000);
    for (const serial of [1, 2]) edge.endpoint.receive("INFO", { toTag: "our-tag", cseq: serial });
    for (const app of apps) await app.sip("INFO");
  });

  test("go to the worker with a live client INVITE of the call", async () => {
    await using edge = await startEdge();
    const [first, second] = [await RawApp.login(edge.address, OCTETS), await RawApp.login(edge.address, OCTETS)];
    await second.ask(
      "sip||\r\nINVITE sip:b@198.51.100.9 SIP/2.0\r\nCall-ID: k1\r\nCSeq: 1 INVITE\r\nTo: <sip:b>\r\n\r\n",
    );
    for (const cseq of [1, 2, 3]) {
      edge.endpoint.receive("UPDATE", { callId: "k1", toTag: "x", cseq });
      await second.sip("UPDATE");
    }
    (await edge.endpoint.sentRequest(0)).answer(486);
    await second.sip("SIP/2.0 486");
    edge.advance(1_000);
    for (const cseq of [4, 5]) edge.endpoint.receive("UPDATE", { callId: "k1", toTag: "x", cseq });
    await first.sip("UPDATE");
    await second.sip("UPDATE");
  });

  test("a worker that withdrew its routes gets no new requests but keeps its calls", async () => {
    await using edge = await startEdge();
    const draining = await RawApp.login(edge.address, OCTETS);
    edge.endpoint.receive("INVITE", { callId: "old" });
    await draining.sip("INVITE");
    await draining.ask("remove_route|*");
    const fresh = await RawApp.login(edge.address, OCTETS);
    edge.endpoint.receive("INVITE", { callId: "new" });
    await fresh.sip("INVITE");
    edge.endpoint.receive("PRACK", { callId: "old", toTag: "our-tag" });
    await draining.sip("PRACK");
  });

  test("even a worker that withdrew its routes serves dialogs when no other is left: never 481 by the edge", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    await app.ask("remove_route|*");
    edge.endpoint.receive("BYE", { toTag: "our-tag" });
    await app.sip("BYE");
  });

  test("with no worker at all there is 503", async () => {
    await using edge = await startEdge();
    const bye = edge.endpoint.receive("BYE", { toTag: "our-tag" });
    expect(bye.responses.map((each) => each.status)).toEqual([503]);
  });
});

describe("a worker that does not answer", () => {
  test("a non-INVITE is answered 500 before the peer's timer F", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    const info = edge.endpoint.receive("INFO", { toTag: "our-tag" });
    await app.sip("INFO");
    const pinged = app.ask("ping");
    edge.advance(15_000);
    await pinged;
    await app.ask("ping");
    edge.advance(15_000);
    await edge.endpoint.until(() => info.responses[0]);
    expect(info.responses.map((each) => each.status)).toEqual([500]);
    const late = await app.ask("sip|s1|\r\nSIP/2.0 200 OK\r\n\r\n");
    expect(late.tokens[3]).toBe("NOK");
  });

  test("an INVITE is answered 500 after the silence, which each provisional response renews", async () => {
    await using edge = await startEdge({ settings: { inviteSilenceMs: 1_000, session: { silentMs: 100_000 } } });
    const app = await RawApp.login(edge.address, OCTETS);
    const invite = edge.endpoint.receive("INVITE");
    await app.sip("INVITE");
    edge.advance(900);
    await app.ask("sip|s1|\r\nSIP/2.0 180 Ringing\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    edge.advance(900);
    await app.ask("sip|s1|\r\nSIP/2.0 180 Ringing\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    edge.advance(1_100);
    await edge.endpoint.until(() => (invite.answered ? true : undefined));
    expect(invite.responses.map((each) => each.status)).toEqual([180, 180, 500]);
  });
});
