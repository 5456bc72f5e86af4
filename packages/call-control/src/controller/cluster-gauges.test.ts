import { err, ok, type Failure, type Result } from "@tandem/domain";
import { describe, expect, it } from "vitest";
import type { Member } from "../ports/index.ts";
import { FakeCallStore } from "../testing/fake-call-store.ts";
import { FakeTrunkHealthBoard } from "../testing/fake-cluster-state.ts";
import { FakeControllerObserver, FakeDetailRecordStream } from "../testing/fake-controller-ports.ts";
import { readClusterGauges } from "./cluster-gauges.ts";

const AWAY: Failure = { code: "store-unavailable", detail: "the fake store is away" };

/** What the gauges say with so many records waiting and batches given up, of ordinary and of emergency calls. */
async function told(
  waiting: readonly [number, number],
  given: readonly Result<number, Failure>[],
  lost: Result<readonly Member[], Failure> = err(AWAY),
) {
  const [details, emergencies] = waiting.map((count) => {
    const stream = new FakeDetailRecordStream();
    stream.owed = Array.from({ length: count }, (_, at) => ({
      shard: 0,
      streamId: `${at}-0`,
      id: `r${at}`,
      kind: "call",
      json: "{}",
    }));
    return stream;
  });
  if (details === undefined || emergencies === undefined) throw new Error("two streams are needed");
  const observer = new FakeControllerObserver();
  const deadLetters = given.map((count) => () => Promise.resolve(count));
  const store = new FakeCallStore();
  const membership = { lost: () => Promise.resolve(lost) };
  const board = new FakeTrunkHealthBoard();
  await readClusterGauges({ store, board, membership, details, emergencies, deadLetters, observer });
  return observer.told.filter((line) => /^(backlog|emergency backlog|dead letters|lost)/.test(line));
}

describe("the gauges of the cluster", () => {
  it("count the waiting records and the dead letters of emergency calls, too", async () => {
    expect(await told([2, 3], [ok(1), ok(4)])).toEqual(["backlog 5", "emergency backlog 3", "dead letters 5"]);
    expect(await told([0, 1], [ok(0), ok(1)])).toEqual(["backlog 1", "emergency backlog 1", "dead letters 1"]);
  });

  it("are zero where nobody delivers", async () => {
    expect(await told([0, 0], [])).toEqual(["backlog 0", "emergency backlog 0", "dead letters 0"]);
  });

  it("tell who vanished without a goodbye", async () => {
    const member = { pid: 1, host: "host", startedMs: 1, draining: false, facts: {} };
    const gone: Member[] = [
      { ...member, id: "w1", role: "worker", pool: "east" },
      { ...member, id: "c1", role: "controller", pool: null },
    ];
    const others = ["backlog 0", "emergency backlog 0", "dead letters 0"];
    expect(await told([0, 0], [], ok(gone))).toEqual(["lost worker/east,controller/", ...others]);
    expect(await told([0, 0], [], ok([]))).toEqual(["lost ", ...others]);
  });

  it("stay as they were while a part cannot be read", async () => {
    expect(await told([0, 1], [ok(1), err(AWAY)])).toEqual(["backlog 1", "emergency backlog 1"]);
  });
});
