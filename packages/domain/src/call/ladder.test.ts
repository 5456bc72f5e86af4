import { expect, it } from "vitest";
import { ladder, noteMessage } from "./ladder.ts";
import { newCall } from "./new-call.ts";

it("an entry says when, from whom, to whom and what", () => {
  const call = newCall("k5xq3m7bnt2z4y6w8v5r3p7s2a", 1_000);
  noteMessage({ call, now: 1_000 }, "<", "core", "INVITE sip:a|b<c>@example");
  noteMessage({ call, now: 1_025 }, ">", "carrier-1", "INVITE sip:a@example");
  expect(ladder(call)).toEqual([
    { atMs: 1_000, from: "core", to: "tandem", summary: "INVITE sip:a|b<c>@example" },
    { atMs: 1_025, from: "tandem", to: "carrier-1", summary: "INVITE sip:a@example" },
  ]);
});

it("a long call keeps its beginning and its end, at most 60 entries", () => {
  const call = newCall("k5xq3m7bnt2z4y6w8v5r3p7s2a", 0);
  for (let at = 0; at < 500; at += 1) noteMessage({ call, now: at }, ">", "t", `INFO ${at}`);
  const summaries = ladder(call).map(({ summary }) => summary);
  expect(summaries).toHaveLength(60);
  expect(summaries[0]).toBe("INFO 0");
  expect(summaries[39]).toBe("INFO 39");
  expect(summaries.at(-1)).toBe("INFO 499");
});
