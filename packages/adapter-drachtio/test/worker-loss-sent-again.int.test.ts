import { describe, expect, test } from "vitest";
import { startEdge } from "./support/edge-rig.ts";
import { branched } from "./support/lost-worker.ts";
import { OCTETS, RawApp, waitIn } from "./support/raw-app.ts";

describe("a worker dies with an INVITE of its own", () => {
  test.each([
    ["the next hop lives", [100], ["SIP/2.0 100"]],
    ["ringing", [180], ["SIP/2.0 180"]],
    ["answered while nobody was there", [180, 200], ["SIP/2.0 200"]],
    ["refused while nobody was there", [486], ["SIP/2.0 486"]],
  ] as const)("%s, with a branch of its own: whoever sends it again goes on with it", async (_what, statuses, told) => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    await dying.ask(branched);
    dying.socket.destroy();
    await edge.hasApplications(0);
    const call = await edge.endpoint.sentRequest(0);
    for (const status of statuses) {
      if (status === 100) call.trying();
      else call.answer(status);
    }
    const other = await RawApp.login(edge.address, OCTETS);
    await other.ask(branched);
    for (const line of told) await other.sip(line);
    expect(edge.endpoint.requests).toHaveLength(1);
    expect(call.cancelled).toBeNull();
    expect(edge.server.stats().orphans.taken).toBe(1);
  });

  test.each([
    ["nothing came before", []],
    ["it rang before", [180]],
  ] as const)("failed while nobody was there, %s: whoever sends it again is told at once", async (_what, statuses) => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    await dying.ask(branched);
    dying.socket.destroy();
    await edge.hasApplications(0);
    const call = await edge.endpoint.sentRequest(0);
    for (const status of statuses) call.answer(status);
    call.fail("timeout");
    const other = await RawApp.login(edge.address, OCTETS);
    await other.ask(branched);
    await other.sip("SIP/2.0 408");
    await other.ask("ping");
    expect([other.frames, edge.endpoint.requests.length, edge.server.stats().waiting.outgoing]).toEqual([[], 1, 0]);
  });

  test.each([
    ["nothing", []],
    ["a 100", [100]],
    ["a 180", [100, 180]],
  ] as const)(
    "with a branch of its own, and another sends it again before it died, after %s: nothing is sent, that one hears on, and the first no more",
    async (_what, statuses) => {
      await using edge = await startEdge();
      const first = await RawApp.login(edge.address, OCTETS);
      await first.ask(branched);
      const call = await edge.endpoint.sentRequest(0);
      for (const status of statuses) {
        if (status === 100) call.trying();
        else call.answer(status);
        await first.sip(`SIP/2.0 ${status}`);
      }
      const other = await RawApp.login(edge.address, OCTETS);
      await other.ask(branched);
      for (const status of statuses.slice(-1)) await other.sip(`SIP/2.0 ${status}`);
      expect((await first.sip("SIP/2.0 503")).text.split("\r\n")[0]).toBe("SIP/2.0 503 superseded");
      call.answer(200);
      await other.sip("SIP/2.0 200");
      first.socket.destroy();
      await edge.hasApplications(1);
      await other.ask("ping");
      expect([first.frames, other.frames, edge.endpoint.requests.length]).toEqual([[], [], 1]);
      expect([call.cancelled, edge.server.stats().waiting.outgoing]).toEqual([null, 0]);
    },
  );

  test("who goes on with it is told how long the answer has waited", async () => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    await dying.ask(branched);
    const call = await edge.endpoint.sentRequest(0);
    call.answer(200);
    const first = await dying.sip("SIP/2.0 200");
    dying.socket.destroy();
    await edge.hasApplications(0);
    edge.advance(900);
    const other = await RawApp.login(edge.address, OCTETS);
    await other.ask(branched);
    const again = await other.sip("SIP/2.0 200");
    expect(waitIn(again) - waitIn(first)).toBeGreaterThanOrEqual(900);
  });

  test("with a branch of its own, and nobody goes on with it in time: it is cancelled", async () => {
    await using edge = await startEdge({ settings: { holdMs: 500 } });
    const dying = await RawApp.login(edge.address, OCTETS);
    await dying.ask(branched);
    dying.socket.destroy();
    await edge.hasApplications(0);
    const call = await edge.endpoint.sentRequest(0);
    expect(call.cancelled).toBeNull();
    edge.advance(600);
    await edge.endpoint.until(() => call.cancelled ?? undefined);
    expect(call.cancelled).toEqual([["Reason", 'SIP;cause=503;text="Application lost"']]);
  });
});
