import type { Member, Membership } from "@tandem/call-control";
import { FakeClock, FakeWorld, settle } from "@tandem/call-control/testing";
import { ok } from "@tandem/domain";
import { describe, expect, test } from "vitest";
import { startMembership } from "./membership.ts";

async function rig(others: readonly Member[] = []) {
  const announced: Member[] = [];
  const offers: string[] = [];
  const withdrawn: string[] = [];
  const wish = { drain: false };
  const membership: Membership = {
    announce: (member) => Promise.resolve(ok(void announced.push(member))),
    withdraw: (id) => Promise.resolve(ok(void withdrawn.push(id))),
    members: () => Promise.resolve(ok([...announced.slice(-1), ...others])),
    lost: () => Promise.resolve(ok([])),
    requestDrain: () => Promise.resolve(ok(undefined)),
    drainRequested: () => Promise.resolve(ok(wish.drain)),
  };
  const { engine } = await new FakeWorld().worker();
  const clock = new FakeClock();
  const wishes: boolean[] = [];
  const member = startMembership({
    membership,
    engine,
    clock,
    nodeId: "w1",
    pool: "east",
    http: "127.0.0.1:80",
    edgesConnected: () => 2,
    edgesOutdated: () => 0,
    offers: {
      pause: (helped) => void offers.push(`pause ${helped ? "for others" : "alone"}`),
      resume: () => void offers.push("resume"),
    },
    onDrainWish: (draining) => void wishes.push(draining),
  });
  await settle();
  return { announced, withdrawn, wish, clock, engine, member, wishes, offers };
}

describe("membership of a worker", () => {
  test("is announced at once and renewed with facts for people", async () => {
    const { announced, clock } = await rig();
    await clock.advance(4_000);
    expect(announced.length).toBe(3);
    expect(announced[0]).toMatchObject({
      id: "w1",
      role: "worker",
      pool: "east",
      draining: false,
      facts: { http: "127.0.0.1:80", edges: 2, topologyVersion: 1, activeSetups: 0 },
    });
  });

  test("an operator's drain reaches the engine within two seconds, and so does its end", async () => {
    const { wish, clock, engine, wishes, announced } = await rig();
    wish.drain = true;
    await clock.advance(2_250);
    expect(engine.facts().draining).toBe(true);
    await clock.advance(2_000);
    expect(announced.at(-1)?.draining).toBe(true);
    wish.drain = false;
    await clock.advance(2_000);
    expect(engine.facts().draining).toBe(false);
    expect(wishes).toEqual([true, false]);
  });

  const colleague: Member = {
    id: "w2",
    role: "worker",
    pool: "east",
    pid: 2,
    host: "h",
    startedMs: 0,
    draining: false,
    facts: { edges: 1, topologyVersion: 1 },
  };

  test.each([
    ["another worker of the pool takes the new calls", [colleague], "pause for others"],
    ["alone it keeps answering", [], "pause alone"],
    ["a worker of another pool is no help", [{ ...colleague, pool: "west" }], "pause alone"],
    ["nor is one that drains, too", [{ ...colleague, draining: true }], "pause alone"],
    ["nor one without an edge", [{ ...colleague, facts: { edges: 0, topologyVersion: 1 } }], "pause alone"],
    ["nor one without a topology", [{ ...colleague, facts: { edges: 1, topologyVersion: 0 } }], "pause alone"],
    ["an edge is no worker", [{ ...colleague, role: "edge" as const }], "pause alone"],
  ])("while it drains: %s", async (_name, others, expected) => {
    const { clock, member, offers } = await rig(others);
    const aside = member.standAside();
    await clock.advance(250);
    await aside;
    expect(offers.at(-1)).toBe(expected);
  });

  test("it stands aside first, and refuses only what comes when the edges know", async () => {
    const { clock, engine, member, offers, announced } = await rig();
    const aside = member.standAside();
    await settle();
    expect([offers, engine.facts().draining, announced.at(-1)?.draining]).toEqual([["pause alone"], false, true]);
    await clock.advance(250);
    await aside;
    expect(engine.facts().draining).toBe(true);
  });

  test("an operator's drain stands aside, and its end takes calls again", async () => {
    const { wish, clock, offers } = await rig();
    wish.drain = true;
    await clock.advance(2_000);
    expect(offers.at(-1)).toBe("pause alone");
    wish.drain = false;
    await clock.advance(2_250);
    expect(offers.at(-1)).toBe("resume");
  });

  test("the end of an operator's wish does not bring back a worker that leaves", async () => {
    const { wish, clock, offers, engine, member } = await rig();
    wish.drain = true;
    await clock.advance(2_000);
    const aside = member.standAside();
    await clock.advance(250);
    await aside;
    wish.drain = false;
    await clock.advance(4_000);
    expect([offers.at(-1), engine.facts().draining]).toEqual(["pause alone", true]);
  });

  test("ends when the worker stops", async () => {
    const { member, withdrawn, announced, clock } = await rig();
    await member.stop();
    const count = announced.length;
    await clock.advance(10_000);
    expect(withdrawn).toEqual(["w1"]);
    expect(announced.length).toBe(count);
  });
});
