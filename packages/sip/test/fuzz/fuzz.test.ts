import { expect, test } from "vitest";
import { SLOWEST_ALLOWED_MS, fuzz } from "./fuzz.ts";

/** TANDEM_FUZZ_MESSAGES=1000000 makes the long run of it. */
const messages = Number(process.env["TANDEM_FUZZ_MESSAGES"] ?? 100_000);

test(`${messages} mutated messages: nothing throws, nothing stalls`, { timeout: 60_000 + messages }, () => {
  const report = fuzz(messages, 4475);
  expect(report.messages).toBe(messages);
  expect(report.readable).toBeGreaterThan(messages / 20);
  expect(report.slowestMs).toBeLessThan(SLOWEST_ALLOWED_MS);
});
