import type { Clock } from "@tandem/call-control";
import { systemClock } from "@tandem/runtime";
import { responseTo } from "@tandem/sip";
import { until } from "@tandem/testkit";
import { describe, expect, test } from "vitest";
import { startEdge, type RigOptions } from "./support/edge-rig.ts";
import { RecordingEvents } from "./support/recording-app.ts";
import { ScriptedEdge } from "./support/scripted-edge.ts";
import { isUp, outgoing, startWorker } from "./support/worker-rig.ts";
import { arriving, close, welcome } from "./support/lost-edge.ts";

test("an ACK that is lost with its edge goes by another one: no answer would show that it is missing (RFC 3261 §13.2.2.4)", async () => {
  const first = await ScriptedEdge.listen();
  first.welcome = welcome("i1");
  const second = await startEdge({ edge: "e2" });
  const worker = await startWorker(() => [first.address, second.address]);
  await worker.until((edges) => edges.length === 2 && isUp(edges));
  const sent = worker.port.sendRequest(outgoing("ACK", { preferredEdge: "e1" }), new RecordingEvents());
  await first.expect(/\r\nACK /);
  await first.close();
  expect(await sent).toMatchObject({ ok: true, value: { edge: "e2" } });
  expect(second.endpoint.acks).toHaveLength(1);
  await close(worker, second);
});

describe("an edge is lost with a BYE that has no answer", () => {
  const cut = async (clock?: Clock) => {
    const first = await ScriptedEdge.listen();
    first.welcome = welcome("i1");
    const addresses = [first.address];
    const worker = await startWorker(() => addresses, clock === undefined ? {} : { clock });
    await worker.until(isUp);
    const events = new RecordingEvents();
    const sent = worker.port.sendRequest(outgoing("BYE", { preferredEdge: "e1" }), events);
    const [id = ""] = (await first.expect(/\r\nBYE /)).split("|");
    return {
      first,
      worker,
      events,
      sent,
      addresses,
      taken: () => first.send(`r|response|${id}|OK|application|0|||||t-bye`),
    };
  };

  test.each(["has taken", "may not have taken"])(
    "that it %s: it goes by another one until it is answered",
    async (what) => {
      const { first, worker, events, sent, addresses, taken } = await cut();
      const second = await startEdge({ edge: "e2" });
      addresses.push(second.address);
      await worker.until((edges) => edges.length === 2 && isUp(edges));
      if (what === "has taken") {
        taken();
        expect(await sent).toMatchObject({ ok: true, value: { edge: "e1", id: "t-bye" } });
      }
      await first.close();
      const bye = await second.endpoint.sentRequest(0);
      expect([bye.method, bye.out.message.get("CSeq"), bye.out.message.get("Call-ID")]).toEqual(["BYE", "1 BYE", "k1"]);
      bye.answer(200);
      expect((await events.responses.next()).response.status).toBe(200);
      expect(await sent).toMatchObject({ ok: true });
      expect(events.order).toEqual([200]);
      await close(worker, second);
    },
  );

  test("with no other edge there: by the next one to come", async () => {
    const { first, worker, events, addresses, taken } = await cut();
    taken();
    await first.close();
    const later = await startEdge({ edge: "e3" });
    addresses.splice(0, 1, later.address);
    (await later.endpoint.sentRequest(0)).answer(200);
    expect((await events.responses.next()).response.status).toBe(200);
    await close(worker, later);
  });

  test("and the worker is to end: not before it is answered", async () => {
    let looks = 0;
    const after: Clock["after"] = (ms, act) =>
      systemClock.after(ms, () => {
        looks += 1;
        act();
      });
    const { first, worker, addresses, taken, sent } = await cut({ ...systemClock, after });
    taken();
    await sent;
    let isDrained = false;
    const drained = worker.port.drain().then(() => {
      isDrained = true;
      return "drained";
    });
    await first.close();
    await worker.until((edges) => !isUp(edges));
    const before = looks;
    // The drain has looked since.
    await until(() => isDrained || looks > before + 5, { what: "further looks" });
    const later = await startEdge({ edge: "e3" });
    addresses.splice(0, 1, later.address);
    const bye = later.endpoint.sentRequest(0);
    expect(await Promise.race([drained, bye.then(({ method }) => method)])).toBe("BYE");
    (await bye).answer(200);
    expect(await drained).toBe("drained");
    await close(worker, later);
  });

  test("and its time is over (64*T1, RFC 3261 §17.1.2.2): it is told as lost", async () => {
    let offsetMs = 0;
    const { first, worker, events, sent, taken } = await cut({ ...systemClock, now: () => Date.now() + offsetMs });
    taken();
    await sent;
    offsetMs = 32_000;
    await first.close();
    expect((await events.failures.next()).code).toBe("edge-lost");
    await close(worker);
  });

  test("and the worker itself ends: it is told as lost", async () => {
    const { first, worker, events, sent, taken } = await cut();
    taken();
    await sent;
    await close(worker);
    expect((await events.failures.next()).code).toBe("edge-lost");
    await close(first);
  });
});

describe("an INVITE goes again that the peer knows by the address of its edge", () => {
  const branch = "z9hG4bKcall-b1-1";
  const known = { edge: "e1", sentBy: "192.0.2.1:5060" };
  const wanted = outgoing("INVITE", { branch, knownBy: known, preferredEdge: "e2" });

  const first = { edge: "e1", advertised: "192.0.2.1" };
  const second = { edge: "e2", advertised: "192.0.2.2" };

  /** A worker with these edges; `sent` is what becomes of the INVITE. */
  async function sendBy(...options: readonly RigOptions[]) {
    const edges = await Promise.all(options.map((each) => startEdge(each)));
    const addresses = edges.map(({ address }) => address);
    const worker = await startWorker(() => addresses, { edgeReturnMs: 60_000 });
    await worker.until((states) => states.length === edges.length && isUp(states));
    return { edges, addresses, worker, sent: worker.port.sendRequest(wanted, new RecordingEvents()) };
  }

  test("by that edge, though another is preferred", async () => {
    const { edges, worker, sent } = await sendBy(second, first);
    expect(await sent).toMatchObject({ ok: true, value: { edge: "e1" } });
    expect(edges.map(({ endpoint }) => endpoint.requests.length)).toEqual([0, 1]);
    await close(worker, ...edges);
  });

  test("when that edge comes, whatever others come before", async () => {
    const { edges, addresses, worker, sent } = await sendBy(second);
    const third = await startEdge({ edge: "e3", advertised: "192.0.2.3" });
    addresses.push(third.address);
    await worker.until((states) => states.length === 2 && isUp(states));
    const back = await startEdge(first);
    addresses.push(back.address);
    expect(await sent).toMatchObject({ ok: true, value: { edge: "e1" } });
    const others = [...edges, third];
    expect(others.map(({ endpoint }) => endpoint.requests.length)).toEqual([0, 0]);
    await close(worker, back, ...others);
  });

  test("by one that has taken its address over", async () => {
    const { edges, worker, sent } = await sendBy(second, { edge: "e3", advertised: "192.0.2.1" });
    expect(await sent).toMatchObject({ ok: true, value: { edge: "e3" } });
    await close(worker, ...edges);
  });

  test("by that edge, though the peer leaves the default port of its Via out", async () => {
    const { edges, worker } = await sendBy(second, first);
    const short = { ...wanted, knownBy: { edge: "e1", sentBy: "192.0.2.1" } };
    const sent = await worker.port.sendRequest(short, new RecordingEvents());
    expect(sent).toMatchObject({ ok: true, value: { edge: "e1" } });
    await close(worker, ...edges);
  });

  test("by none where that edge has another address now", async () => {
    const { edges, worker, sent } = await sendBy(second, { edge: "e1", advertised: "192.0.2.9" });
    expect(await sent).toMatchObject({ ok: false, error: { code: "edge-lost" } });
    expect(edges.map(({ endpoint }) => endpoint.requests.length)).toEqual([0, 0]);
    await close(worker, ...edges);
  });

  test.each([
    ["that edge does not come in time", "192.0.2.1"],
    ["another goes by the same name", "pool.example"],
  ])("by none where %s", async (_what, host) => {
    const other = await startEdge({ edge: "e2", advertised: host === "pool.example" ? host : "192.0.2.2" });
    const worker = await startWorker(() => [other.address], { edgeReturnMs: 50 });
    await worker.until(isUp);
    const again = { ...wanted, knownBy: { edge: "e1", sentBy: `${host}:5060` } };
    const sent = await worker.port.sendRequest(again, new RecordingEvents());
    expect(sent).toMatchObject({ ok: false, error: { code: "edge-lost" } });
    expect(other.endpoint.requests).toEqual([]);
    await close(worker, other);
  });

  test("by none where the port closes meanwhile", async () => {
    const { edges, worker, sent } = await sendBy(second);
    await close(worker);
    expect(await sent).toMatchObject({ ok: false, error: { code: "edge-lost" } });
    await close(...edges);
  });

  test("or is cancelled by another edge with the branch and sent-by that the peer knows, whatever that edge itself has under way with that branch", async () => {
    const { edges, worker } = await sendBy(first, second);
    const other = new RecordingEvents();
    await worker.port.sendRequest(outgoing("INVITE", { branch, preferredEdge: "e2" }), other);
    const events = new RecordingEvents();
    const sentBy = "192.0.2.9:5060";
    const cancel = outgoing("CANCEL", { branch, sentBy, timeoutMs: 1_000, preferredEdge: "e2" });
    expect(await worker.port.sendRequest(cancel, events)).toMatchObject({ ok: true, value: { edge: "e2" } });
    const [invite, sent] = edges[1]?.endpoint.requests ?? [];
    expect(sent?.out).toMatchObject({ branch, sentBy, timeoutMs: 1_000, listener: "outside" });
    expect(sent?.method).toBe("CANCEL");
    sent?.answer(481);
    await events.responses.next();
    expect([events.order, other.order, invite?.cancelled]).toEqual([[481], [], null]);
    await close(worker, ...edges);
  });
});

describe("the connection to an edge is lost", () => {
  async function ringing(transport: string) {
    const scripted = await ScriptedEdge.listen();
    scripted.welcome = welcome("i1");
    const second = await startEdge({ edge: "e2" });
    const worker = await startWorker(() => [scripted.address, second.address]);
    await worker.until((edges) => edges.length === 2 && isUp(edges));
    scripted.send(arriving("first", transport));
    await worker.app.requests.next();
    return { scripted, second, worker };
  }

  test.each(["udp", "tcp", "tls"])(
    "and the edge lives: what it brought over %s is its own business, and the call goes on",
    async (transport) => {
      const { scripted, second, worker } = await ringing(transport);
      scripted.sockets.at(-1)?.destroy();
      await worker.until((edges) => !isUp(edges));
      await worker.until(isUp);
      scripted.send(arriving("next", transport));
      expect((await worker.app.requests.next()).transaction.id).toBe("t-next");
      expect([second.endpoint.adopted, worker.app.cancels.items]).toEqual([[], []]);
      await close(worker, second, scripted);
    },
  );

  test("and another process of the edge is there: the INVITE goes to an edge that takes it", async () => {
    const { scripted, second, worker } = await ringing("udp");
    scripted.welcome = welcome("i2");
    scripted.sockets.at(-1)?.destroy();
    const place = Promise.race([
      scripted.expect(/\|sip\|adopt\|/),
      second.endpoint.until(() => second.endpoint.adopted[0]),
    ]);
    expect(await place).toBeDefined();
    await close(worker, second, scripted);
  });

  test("and another process of the edge is there: over a connection it is cancelled", async () => {
    const { scripted, second, worker } = await ringing("tcp");
    scripted.welcome = welcome("i2");
    scripted.sockets.at(-1)?.destroy();
    expect((await worker.app.cancels.next()).transaction).toEqual({ edge: "e1", id: "t-first" });
    await close(worker, second, scripted);
  });

  test("an answer that is given meanwhile leaves when it is made again", async () => {
    const { scripted, second, worker } = await ringing("tcp");
    scripted.sockets.at(-1)?.destroy();
    await worker.until((edges) => !isUp(edges));
    const transaction = { edge: "e1", id: "t-first" };
    const sent = worker.port.respond(transaction, responseTo(outgoing("INVITE").message, 486));
    const frame = await scripted.expect(/\|sip\|t-first\|/);
    expect(frame).toContain("SIP/2.0 486");
    scripted.send(`r|response|${frame.split("|")[0] ?? ""}|OK|application|0|||||t-first`);
    expect(await sent).toMatchObject({ ok: true });
    await close(worker, second, scripted);
  });
});
