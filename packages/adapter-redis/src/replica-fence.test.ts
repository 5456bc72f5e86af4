import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { RedisConnection } from "./connection.ts";
import { ReplicaFence } from "./replica-fence.ts";

/** A connection whose rounds end as the list says, one after another: with a replica's word, or not at all but with a throw. */
function connectionWith(rounds: ("confirmed" | "throws")[]): RedisConnection {
  const pipeline = () => {
    if (rounds.shift() === "throws") throw new Error("no node for the slot");
    const commands = {
      set: () => commands,
      wait: () => commands,
      exec: () =>
        Promise.resolve([
          [null, "OK"],
          [null, 1],
        ]),
    };
    return commands;
  };
  return { kind: "single", dedicated: () => ({ pipeline }) } as unknown as RedisConnection;
}

describe("the fence of writes that need a copy", () => {
  test("a round that fails counts as one without a replica, and the next one begins", async () => {
    const rounds: ("confirmed" | "throws")[] = ["throws", "confirmed", "confirmed"];
    const told: boolean[] = [];
    const fence = new ReplicaFence(connectionWith(rounds), { waitMs: 1_000, onChange: (word) => told.push(word) });
    await fence.passed("a");
    expect(rounds).toHaveLength(2);
    await fence.passed("a");
    // Nobody is held for the round after the one that failed; when it is over, somebody is.
    await setImmediate();
    await fence.passed("a");
    expect(rounds).toEqual([]);
    expect(told).toEqual([]);
  });

  test("so does one that a write joined while it ran", async () => {
    const rounds: ("confirmed" | "throws")[] = ["throws", "throws", "confirmed"];
    const fence = new ReplicaFence(connectionWith(rounds), { waitMs: 1_000 });
    await Promise.all([fence.passed("a"), fence.passed("a"), fence.passed("a")]);
    await fence.passed("a");
    expect(rounds).toEqual([]);
  });
});
