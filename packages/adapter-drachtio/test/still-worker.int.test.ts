import { describe, expect, test } from "vitest";
import { startEdge, type EdgeRig } from "./support/edge-rig.ts";
import { RawApp } from "./support/raw-app.ts";

/** A worker that says it sends something some times a second. In these tests it says no more than the test has it say. */
const BEATING = { tags: "octets,beats", verbs: ["*"] } as const;
/** One that the edge must not expect to hear that often, as before there were beats. */
const QUIET = { tags: "octets", verbs: ["*"] } as const;
/** Longer than a worker may say nothing, shorter than the silence after which its connection is dropped. */
const STILL_MS = 2_500;
/** Longer than a worker that beats may say nothing at all, shorter than one that does not. */
const GONE_MS = 7_000;
const SLOW_SWEEP_MS = 200;
const ANSWER = (status: number): string => `sip|s1|\r\nSIP/2.0 ${status} X\r\nTo: <sip:x>;tag=our-tag\r\n\r\n`;

/** Longer than the edge of these tests lets pass between some looks at what is overdue. */
const sweeps = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));

/** An INVITE at a worker that stands still, beside another that came after it. */
async function heldUp(edge: EdgeRig, still: RawApp, answers: readonly number[] = []) {
  const invite = edge.endpoint.receive("INVITE");
  await still.sip("INVITE");
  for (const status of answers) await still.ask(ANSWER(status));
  const other = await RawApp.login(edge.address, QUIET);
  edge.advance(STILL_MS);
  return { invite, other };
}

describe("a worker stands still", () => {
  test("its INVITE without a response is offered to another, marked, and its connection stays", async () => {
    await using edge = await startEdge();
    const still = await RawApp.login(edge.address, BEATING);
    const { other, invite } = await heldUp(edge, still);
    const again = await other.sip("INVITE");
    expect([again.tokens[8], again.tokens[14]]).toEqual(["s1", "redelivered"]);
    await other.ask(ANSWER(200));
    expect([invite.responses.map(({ status }) => status), still.closed]).toEqual([[200], false]);
    expect(edge.server.stats()).toMatchObject({ applications: 2, redelivered: 1 });
  });

  test("it gets no new requests while another is there, and gets them again once it is heard", async () => {
    await using edge = await startEdge();
    const still = await RawApp.login(edge.address, BEATING);
    const { other } = await heldUp(edge, still);
    await other.sip("INVITE");
    for (const callId of ["a", "b", "c"]) edge.endpoint.receive("MESSAGE", { callId });
    for (let count = 0; count < 3; count += 1) await other.sip("MESSAGE");
    await still.ask("ping");
    for (const callId of ["d", "e"]) edge.endpoint.receive("OPTIONS", { callId });
    await Promise.all([still.sip("OPTIONS"), other.sip("OPTIONS")]);
  });

  test("a 2xx that its peer repeats, to an INVITE of it, is given to another, which ends no call that it does not know", async () => {
    await using edge = await startEdge();
    const still = await RawApp.login(edge.address, BEATING);
    await still.ask("sip||\r\nINVITE sip:b@198.51.100.9 SIP/2.0\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n\r\n");
    const call = await edge.endpoint.sentRequest(0);
    call.answer(200);
    const { other } = await heldUp(edge, still);
    await other.sip("INVITE");
    call.answerAgain();
    expect((await other.sip("SIP/2.0 200")).tokens.slice(8)).toEqual(["orphan-answer", "", "told"]);
    expect(still.frames.filter(({ tokens }) => tokens[8] === "orphan-answer")).toEqual([]);
  });

  test.each([
    ["an emergency call", "sip:911@192.0.2.1", ["INVITE"]],
    ["an ordinary call", "sip:+12125550100@192.0.2.1", []],
  ] as const)("and the only other stands aside: %s", async (_what, uri, offered) => {
    await using edge = await startEdge();
    const still = await RawApp.login(edge.address, BEATING);
    const aside = await RawApp.login(edge.address, QUIET);
    await aside.ask("remove_route|*");
    edge.endpoint.receive("INVITE", { uri });
    await still.sip("INVITE");
    edge.advance(STILL_MS);
    for (const method of offered) await aside.sip(method);
    await sweeps();
    edge.endpoint.receive("BYE", { callId: "another", toTag: "our-tag" });
    await aside.sip("BYE");
    expect(aside.frames).toEqual([]);
  });

  test("its late answers do no harm: the caller has one", async () => {
    await using edge = await startEdge();
    const still = await RawApp.login(edge.address, BEATING);
    const { other, invite } = await heldUp(edge, still);
    await other.sip("INVITE");
    await other.ask(ANSWER(200));
    expect((await still.ask(ANSWER(200))).tokens.slice(3)).toEqual(["NOK", "transaction-over: "]);
    expect(invite.responses.map(({ status }) => status)).toEqual([200]);
  });

  test("after its 200: the ACK goes to another, whenever it came", async () => {
    await using edge = await startEdge();
    const still = await RawApp.login(edge.address, BEATING);
    const invite = edge.endpoint.receive("INVITE");
    await still.sip("INVITE");
    await still.ask(ANSWER(200));
    edge.endpoint.receiveAck(invite);
    await still.sip("ACK");
    const other = await RawApp.login(edge.address, QUIET);
    edge.advance(STILL_MS);
    expect((await other.sip("ACK")).tokens[8]).toBe("s1");
  });

  test("after its 200, and the ACK comes later: it goes to another at once", async () => {
    await using edge = await startEdge();
    const still = await RawApp.login(edge.address, BEATING);
    const { other, invite } = await heldUp(edge, still, [200]);
    await sweeps();
    edge.endpoint.receiveAck(invite);
    expect((await other.sip("ACK")).tokens[8]).toBe("s1");
  });

  test("with nobody else there: what it has waits for it, and is offered to one that comes", async () => {
    await using edge = await startEdge();
    const still = await RawApp.login(edge.address, BEATING);
    const invite = edge.endpoint.receive("INVITE");
    await still.sip("INVITE");
    edge.advance(STILL_MS);
    await sweeps();
    expect(invite.responses).toEqual([]);
    const late = await RawApp.login(edge.address, QUIET);
    expect((await late.sip("INVITE")).tokens[14]).toBe("redelivered");
  });

  test("with a second one after it: the INVITE waits for that one, and has an offer left when that one is lost", async () => {
    await using edge = await startEdge();
    const first = await RawApp.login(edge.address, BEATING);
    const invite = edge.endpoint.receive("INVITE");
    await first.sip("INVITE");
    const second = await RawApp.login(edge.address, BEATING);
    // The clock moves by more than the second one's silence, too.
    const heard = second.ask("ping");
    edge.advance(STILL_MS);
    await heard;
    second.send("ping");
    await second.sip("INVITE");
    edge.advance(STILL_MS);
    const third = await RawApp.login(edge.address, QUIET);
    await sweeps();
    expect([third.frames, invite.responses]).toEqual([[], []]);
    second.socket.destroy();
    expect((await third.sip("INVITE")).tokens[14]).toBe("redelivered");
  });
});

describe("a worker, or the way to it, is gone without a word", () => {
  test("after 6 s its connection ends, and what it has goes to another, though it has rung", async () => {
    await using edge = await startEdge();
    const gone = await RawApp.login(edge.address, BEATING);
    const { other } = await heldUp(edge, gone, [180]);
    await sweeps();
    expect(edge.changes).not.toContain("silent");
    edge.advance(GONE_MS - STILL_MS);
    const again = await other.sip("INVITE");
    expect([again.tokens[8], again.tokens[14]]).toEqual(["s1", "redelivered"]);
    expect(edge.changes).toContain("silent");
  });
});

describe("a worker that lives is not taken for one that is gone", () => {
  test("being slow to take what it asked for, it is not read meanwhile", async () => {
    await using edge = await startEdge({ settings: { session: { congestedOctets: 1 } } });
    const slow = await RawApp.login(edge.address, BEATING);
    slow.socket.pause();
    for (let count = 0; count < 200; count += 1) {
      edge.endpoint.receive("MESSAGE", { callId: `m${count}`, body: "x".repeat(60_000) });
    }
    slow.send("ping");
    edge.advance(GONE_MS);
    await sweeps();
    slow.socket.resume();
    for (let count = 0; count < 200; count += 1) await slow.sip("MESSAGE");
    await slow.ask("ping");
    expect([slow.closed, edge.changes]).toEqual([false, ["ready"]]);
  });
});

describe("a worker says nothing for a while", () => {
  test.each<[string, typeof BEATING | typeof QUIET, readonly number[]]>([
    ["it never said that it would", QUIET, []],
    ["it has rung", BEATING, [180]],
    ["it has answered", BEATING, [200]],
  ])("and %s: its INVITE stays with it", async (_, options, answers) => {
    await using edge = await startEdge();
    const still = await RawApp.login(edge.address, options);
    const { other } = await heldUp(edge, still, answers);
    await sweeps();
    await other.ask("ping");
    expect(other.frames).toEqual([]);
  });

  test("because the edge itself stood still: what came meanwhile is read first", async () => {
    await using edge = await startEdge({ settings: { sweepMs: SLOW_SWEEP_MS } });
    const worker = await RawApp.login(edge.address, BEATING);
    edge.endpoint.receive("INVITE");
    await worker.sip("INVITE");
    const other = await RawApp.login(edge.address, QUIET);
    await worker.ask("ping");
    worker.send("ping");
    edge.advance(STILL_MS);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SLOW_SWEEP_MS + 50);
    await other.ask("ping");
    expect(other.frames).toEqual([]);
  });
});
