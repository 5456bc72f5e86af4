import { once } from "node:events";
import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { ReadingPace } from "./reading-pace.ts";

/** A connection on which something comes when the test says so, and what was taken of it. */
function connection() {
  const socket = new Readable({ read: () => undefined });
  const taken: number[] = [];
  const pace = new ReadingPace(socket, (chunk) => void taken.push(chunk.length));
  const come = (...octets: readonly number[]): void => {
    for (const length of octets) socket.push(Buffer.alloc(length));
  };
  return { socket, taken, pace, come };
}

test.each<[string, readonly number[], readonly number[]]>([
  ["a little is read at once", [1_000, 2_000], [1_000, 2_000]],
  ["a full read is enough for a turn", [65_536, 1_000], [65_536]],
  ["so are many small ones, as TLS brings them", [16_384, 16_384, 16_384, 16_384, 16_000], Array(4).fill(16_384)],
  ["a read that is not full is followed by another one", [65_000, 65_536, 1_000], [65_000, 65_536]],
])("%s", async (_name, octets, atOnce) => {
  const { socket, taken, come } = connection();
  await once(socket, "resume");
  come(...octets);
  expect(taken).toEqual(atOnce);
  await nextTurn();
  await nextTurn();
  expect(taken).toEqual(octets);
});

test("a read of a few frames costs no look at the turn's end", async () => {
  const { socket, taken, come } = connection();
  await once(socket, "resume");
  using looks = vi.spyOn(globalThis, "setImmediate");
  come(1_300, 4_000);
  expect([taken, looks.mock.calls.length]).toEqual([[1_300, 4_000], 0]);
  come(4_096);
  expect(looks).toHaveBeenCalledTimes(1);
});

test("every turn begins anew", async () => {
  const { socket, taken, come } = connection();
  await once(socket, "resume");
  for (let turn = 1; turn <= 3; turn += 1) {
    come(40_000);
    expect(taken).toHaveLength(turn);
    await nextTurn();
  }
});

test("what waited for its turn when the connection broke is taken once, in its order", async () => {
  const { socket, taken, pace, come } = connection();
  await once(socket, "resume");
  come(65_536, 1_000, 2_000);
  socket.destroy(new Error("reset by its peer"));
  await once(socket, "error").catch(() => undefined);
  expect(taken).toEqual([65_536]);
  pace.rest();
  await nextTurn();
  await nextTurn();
  expect(taken.reduce((sum, length) => sum + length, 0)).toBe(68_536);
});
