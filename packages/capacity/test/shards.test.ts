import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { SHARDS } from "../src/index.ts";

test("the plan knows as many shards as the call store has", () => {
  const keys = readFileSync(new URL("../../adapter-redis/src/keys.ts", import.meta.url), "utf8");
  expect(/DEFAULT_SHARDS = (\d+);/.exec(keys)?.[1]).toBe(String(SHARDS));
});
