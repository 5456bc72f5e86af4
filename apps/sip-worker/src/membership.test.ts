import type { Member, Membership } from "@tandem/call-control";
import { FakeClock, FakeWorld, settle } from "@tandem/call-control/testing";
import { ok } from "@tandem/domain";
import { describe, expect, test } from "vitest";
import { startMembership } from "./membership.ts";

async function rig() {
  const announced: Member[] = [];
  const offers: string[] = [];
  const withdrawn: string[] = [];
  const wish = { drain: false };
  const membership: Membership = {
    announce: (member) => Promise.resolve(ok(void announced.push(member))),
    withdraw: (id) => Promise.resolve(ok(void withdrawn.push(id))),
    members: () => Promise.resolve(ok(announced.slice(-1))),
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
    offers: { pause: () => void offers.push("pause"), resume: () => void offers.push("resume") },
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

  test("it stands aside first, and refuses only what comes when the edges know", async () => {
    const { clock, engine, member, offers, announced } = await rig();
    const aside = member.standAside();
    await settle();
    expect([offers, engine.facts().draining, announced.at(-1)?.draining]).toEqual([["pause"], false, true]);
    await clock.advance(250);
    await aside;
    expect(engine.facts().draining).toBe(true);
  });

  test("an operator's drain stands aside, and its end takes calls again", async () => {
    const { wish, clock, offers } = await rig();
    wish.drain = true;
    await clock.advance(2_000);
    expect(offers).toEqual(["pause"]);
    wish.drain = false;
    await clock.advance(2_250);
    expect(offers).toEqual(["pause", "resume"]);
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
    expect([offers.at(-1), engine.facts().draining]).toEqual(["pause", true]);
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
