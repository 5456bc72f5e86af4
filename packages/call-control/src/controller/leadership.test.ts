import { describe, expect, it } from "vitest";
import { FakeClock, settle } from "../testing/fake-clock.ts";
import { FakeControllerObserver, FakeLeaderLease } from "../testing/fake-controller-ports.ts";
import { Leadership, type Term } from "./leadership.ts";

const TTL_MS = 3_000;

/** A lease whose answers take their time. */
class SlowLease extends FakeLeaderLease {
  answering: Promise<void> = Promise.resolve();

  override async acquire(holder: string, ttlMs: number): ReturnType<FakeLeaderLease["acquire"]> {
    const answer = await super.acquire(holder, ttlMs);
    await this.answering;
    return answer;
  }
}

class RecordedTerm implements Term {
  readonly log: string[] = [];
  /** Awaited by a stop: a term that takes its time. */
  stopping: Promise<void> = Promise.resolve();
  /** What the next start or stop trips over, once it is half done. */
  readonly bugs: { start?: Error | undefined; stop?: Error | undefined } = {};

  start(epoch: number): Promise<void> {
    this.log.push(`start ${epoch}`);
    return this.#done("start");
  }
  async stop(): Promise<void> {
    await this.stopping;
    this.log.push("stop");
    await this.#done("stop");
  }

  #done(what: "start" | "stop"): Promise<void> {
    const bug = this.bugs[what];
    this.bugs[what] = undefined;
    return bug === undefined ? Promise.resolve() : Promise.reject(bug);
  }
}

function candidate(lease: FakeLeaderLease, clock: FakeClock, holder: string) {
  const term = new RecordedTerm();
  const observer = new FakeControllerObserver();
  return { term, observer, leadership: new Leadership({ lease, clock, observer }, { holder, ttlMs: TTL_MS }, term) };
}

/** One that leads. `hangs`: the end of its terms does. `bugs`: what its term trips over. */
async function leading({ hangs = false, bugs = {} }: { hangs?: boolean; bugs?: RecordedTerm["bugs"] } = {}) {
  const clock = new FakeClock();
  const lease = new FakeLeaderLease(clock);
  const leader = candidate(lease, clock, "leader");
  if (hangs) leader.term.stopping = new Promise(() => undefined);
  Object.assign(leader.term.bugs, bugs);
  leader.leadership.start();
  await settle();
  return { clock, lease, leader };
}

describe("leadership", () => {
  it("begins a term with the first who asks, and the others stand by", async () => {
    const clock = new FakeClock();
    const lease = new FakeLeaderLease(clock);
    const first = candidate(lease, clock, "first");
    const second = candidate(lease, clock, "second");
    first.leadership.start();
    second.leadership.start();
    await clock.advance(10 * TTL_MS);
    expect(first.term.log).toEqual(["start 1"]);
    expect(second.term.log).toEqual([]);
    expect(first.leadership.held).toBe(true);
    expect(second.leadership.held).toBe(false);
  });

  it("passes to a standby within the lease's life and a third when the leader vanishes", async () => {
    const clock = new FakeClock();
    const lease = new FakeLeaderLease(clock);
    await lease.acquire("vanished", TTL_MS);
    const standby = candidate(lease, clock, "standby");
    standby.leadership.start();
    await clock.advance(TTL_MS + TTL_MS / 3);
    expect(standby.term.log).toEqual(["start 2"]);
  });

  it("passes at once when the leader stops in good order", async () => {
    const clock = new FakeClock();
    const lease = new FakeLeaderLease(clock);
    const first = candidate(lease, clock, "first");
    const second = candidate(lease, clock, "second");
    first.leadership.start();
    await settle();
    second.leadership.start();
    await settle();
    await first.leadership.stop();
    await clock.advance(TTL_MS / 3);
    expect(first.term.log).toEqual(["start 1", "stop"]);
    expect(second.term.log).toEqual(["start 2"]);
  });

  it("ends by the holder's own clock before the lease lapses when the lease cannot be reached", async () => {
    const { clock, lease, leader } = await leading();
    lease.away = true;
    await clock.advance(TTL_MS * 0.79);
    expect(leader.leadership.held).toBe(true);
    await clock.advance(TTL_MS * 0.02);
    expect(leader.leadership.held).toBe(false);
    expect(leader.term.log).toEqual(["start 1", "stop"]);
  });

  it("survives a renewal that fails now and then", async () => {
    const clock = new FakeClock();
    const lease = new FakeLeaderLease(clock);
    const leader = candidate(lease, clock, "leader");
    leader.leadership.start();
    for (let round = 0; round < 10; round += 1) {
      lease.away = round % 2 === 0;
      await clock.advance(TTL_MS / 3);
    }
    expect(leader.term.log).toEqual(["start 1"]);
  });

  it("ends when somebody else holds the lease, and begins anew with a later epoch", async () => {
    const { clock, lease, leader } = await leading();
    lease.holder = "usurper";
    lease.epoch = 2;
    await clock.advance(TTL_MS / 3);
    expect(leader.term.log).toEqual(["start 1", "stop"]);
    await lease.release("usurper");
    await clock.advance(TTL_MS / 3);
    expect(leader.term.log).toEqual(["start 1", "stop", "start 3"]);
  });

  it("never starts a term before the earlier one has stopped", async () => {
    const clock = new FakeClock();
    const lease = new FakeLeaderLease(clock);
    const leader = candidate(lease, clock, "leader");
    let release: () => void = () => undefined;
    leader.term.stopping = new Promise((resolve) => (release = resolve));
    leader.leadership.start();
    await settle();
    lease.holder = "usurper";
    await clock.advance(TTL_MS / 3);
    await lease.release("usurper");
    await clock.advance(TTL_MS / 3);
    expect(leader.term.log).toEqual(["start 1"]);
    release();
    await clock.advance(TTL_MS / 3);
    expect(leader.term.log).toEqual(["start 1", "stop", "start 2"]);
  });

  it("is left to others while its end takes its time", async () => {
    const { clock, lease, leader } = await leading({ hangs: true });
    lease.holder = "usurper";
    await clock.advance(TTL_MS / 3);
    await lease.release("usurper");
    await clock.advance(5 * TTL_MS);
    expect(lease.holder).toBe("");
    expect(leader.leadership.held).toBe(false);
  });

  it("is given back when it is granted after its end began", async () => {
    const clock = new FakeClock();
    const lease = new SlowLease(clock);
    const leader = candidate(lease, clock, "leader");
    leader.term.stopping = new Promise(() => undefined);
    leader.leadership.start();
    await settle();
    let answer: () => void = () => undefined;
    lease.answering = new Promise((resolve) => (answer = resolve));
    await clock.advance(TTL_MS);
    expect(leader.leadership.held).toBe(false);
    expect(lease.holder).toBe("leader");
    answer();
    await settle();
    expect(lease.holder).toBe("");
  });

  it("comes back when its end hangs, and that is told", async () => {
    const { clock, lease, leader } = await leading({ hangs: true });
    lease.holder = "usurper";
    await clock.advance(TTL_MS / 3);
    await lease.release("usurper");
    await clock.advance(29_000);
    expect(leader.term.log).toEqual(["start 1"]);
    await clock.advance(1_000 + TTL_MS / 3);
    expect(leader.term.log).toEqual(["start 1", "start 2"]);
    expect(leader.leadership.held).toBe(true);
    expect(leader.observer.told.filter((line) => line.startsWith("error:"))).toEqual([
      "error: the end of a term hangs, and is left to itself",
    ]);
  });

  it("that is stopped does not wait for ever for an end that hangs", async () => {
    const { clock, lease, leader } = await leading({ hangs: true });
    let stopped = false;
    void leader.leadership.stop().then(() => (stopped = true));
    await clock.advance(30_000);
    expect(stopped).toBe(true);
    expect(lease.holder).toBe("");
  });

  it("that was given back after a bug is not begun by the answer to what was asked before", async () => {
    const clock = new FakeClock();
    const lease = new SlowLease(clock);
    const leader = candidate(lease, clock, "leader");
    let endStop: () => void = () => undefined;
    leader.term.stopping = new Promise((resolve) => (endStop = resolve));
    leader.term.bugs.stop = new TypeError("no trunk");
    leader.leadership.start();
    await settle();
    let answer: () => void = () => undefined;
    lease.answering = new Promise((resolve) => (answer = resolve));
    await clock.advance(TTL_MS);
    expect(leader.leadership.held).toBe(false);
    expect(lease.holder).toBe("leader");
    endStop();
    await settle();
    expect(lease.holder).toBe("");
    answer();
    await settle();
    expect(leader.leadership.held).toBe(false);
    expect(leader.term.log).toEqual(["start 1", "stop"]);
    await clock.advance(TTL_MS / 3);
    expect(leader.term.log).toEqual(["start 1", "stop", "start 2"]);
    await leader.leadership.stop();
  });

  it("whose beginning failed is ended before anybody else can lead, and is not begun by what is asked meanwhile", async () => {
    const clock = new FakeClock();
    const lease = new FakeLeaderLease(clock);
    const leader = candidate(lease, clock, "leader");
    let endStop: () => void = () => undefined;
    leader.term.stopping = new Promise((resolve) => (endStop = resolve));
    leader.term.bugs.start = new TypeError("no trunk");
    leader.leadership.start();
    await settle();
    const standby = candidate(lease, clock, "standby");
    standby.leadership.start();
    await clock.advance(TTL_MS * 0.9);
    expect(lease.holder).toBe("leader");
    expect(standby.term.log).toEqual([]);
    endStop();
    await settle();
    expect(leader.term.log).toEqual(["start 1", "stop"]);
    expect(lease.holder).toBe("");
    await standby.leadership.stop();
    await leader.leadership.stop();
  });

  it("whose end hangs after a failed beginning lapses: somebody else leads", async () => {
    const { clock, lease, leader } = await leading({ hangs: true, bugs: { start: new TypeError("no trunk") } });
    const standby = candidate(lease, clock, "standby");
    standby.leadership.start();
    await clock.advance(TTL_MS + TTL_MS / 3);
    expect(standby.term.log).toEqual(["start 2"]);
    expect(leader.leadership.held).toBe(false);
    await standby.leadership.stop();
  });

  it("whose beginning and end both failed is given back, and each is told", async () => {
    const { clock, lease, leader } = await leading({
      bugs: { start: new TypeError("no trunk"), stop: new TypeError("no timer") },
    });
    expect(lease.holder).toBe("");
    expect(leader.observer.told.filter((line) => line.startsWith("error:"))).toHaveLength(2);
    await clock.advance(TTL_MS / 3);
    expect(leader.term.log).toEqual(["start 1", "stop", "start 2"]);
    await leader.leadership.stop();
  });

  it.each([
    ["starts", { start: new TypeError("no trunk for +12125550100") }, ["start 1", "stop"]],
    ["ends", { stop: new TypeError("no trunk for +12125550100") }, ["start 1", "stop"]],
  ] as const)("goes on, with another or with a new term, after a bug where a term %s", async (_, bugs, before) => {
    const { clock, lease, leader } = await leading({ bugs });
    if ("stop" in bugs) lease.holder = "usurper";
    await clock.advance(TTL_MS / 3 - 1);
    if ("stop" in bugs) await clock.advance(1);
    expect(leader.term.log).toEqual(before);
    expect(leader.leadership.held).toBe(false);
    await lease.release("usurper");
    const standby = candidate(lease, clock, "standby");
    standby.leadership.start();
    await settle();
    expect(standby.leadership.held).toBe(true);
    await standby.leadership.stop();
    await clock.advance(TTL_MS / 3);
    expect(leader.term.log).toEqual([...before, "start 3"]);
    expect(leader.observer.told.filter((line) => line.startsWith("error:"))).toEqual([
      "error: a term could not be begun or ended",
    ]);
    await leader.leadership.stop();
    expect(lease.holder).toBe("");
  });
});
