import { expect, it } from "vitest";
import { throttled } from "./throttled.ts";

it("passes the first of each kind, then one per period", () => {
  let nowMs = 0;
  const passed: string[] = [];
  const tell = throttled<number>(
    1_000,
    () => nowMs,
    (kind, detail) => passed.push(`${kind} ${String(detail)}`),
  );
  tell("a", 1);
  tell("a", 2);
  tell("b", 3);
  nowMs = 999;
  tell("a", 4);
  nowMs = 1_000;
  tell("a", 5);
  expect(passed).toEqual(["a 1", "b 3", "a 5"]);
});
