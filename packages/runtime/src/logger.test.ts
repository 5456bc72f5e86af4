import { afterEach, describe, expect, test, vi } from "vitest";
import { createLogger, readyLine } from "./logger.ts";

function captured(): { lines: () => Record<string, unknown>[]; write: (line: string) => void } {
  const written: string[] = [];
  return {
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
    write: (line) => void written.push(line),
  };
}

afterEach(() => vi.unstubAllEnvs());

describe("createLogger", () => {
  test("a line is one JSON object with name, level, time and the static message", () => {
    const stream = captured();
    createLogger({ name: "sip-worker", level: "info", stream }).warn({ trunk: "east-1" }, "trunk full");
    expect(stream.lines()).toEqual([
      expect.objectContaining({
        name: "sip-worker",
        level: 40,
        trunk: "east-1",
        msg: "trunk full",
        time: expect.stringMatching(/^\d{4}-.*Z$/),
      }),
    ]);
  });

  test.each([
    ["in the entry", { pii: { number: "+12025550101" } }],
    ["in an object of the entry", { call: { pii: "+12025550101" } }],
    ["two objects down", { call: { leg: { pii: "+12025550101" } } }],
  ])("personal data %s is redacted", (_name, fields) => {
    const stream = captured();
    createLogger({ name: "x", level: "info", stream }).info(fields, "seen");
    expect(JSON.stringify(stream.lines())).not.toContain("2025550101");
    expect(JSON.stringify(stream.lines())).toContain("[redacted]");
  });

  test("personal data is shown when TANDEM_LOG_PII=on", () => {
    vi.stubEnv("TANDEM_LOG_PII", "on");
    const stream = captured();
    createLogger({ name: "x", level: "info", stream }).info({ pii: { number: "+12025550101" } }, "seen");
    expect(stream.lines()).toEqual([expect.objectContaining({ pii: { number: "+12025550101" } })]);
  });

  test("a child carries its fields and keeps the redaction", () => {
    const stream = captured();
    createLogger({ name: "x", level: "info", stream }).child({ callId: "c1" }).info({ pii: "secret" }, "seen");
    expect(stream.lines()).toEqual([expect.objectContaining({ callId: "c1", pii: "[redacted]" })]);
  });

  test("lines below the level are not written", () => {
    const stream = captured();
    createLogger({ name: "x", level: "warn", stream }).info("quiet");
    expect(stream.lines()).toEqual([]);
  });
});

test.each(["info", "warn", "silent"] as const)(
  "readyLine prints the bound addresses under msg ready at level %s",
  (level) => {
    const stream = captured();
    readyLine(createLogger({ name: "x", level, stream }), { http: "127.0.0.1:1" });
    expect(stream.lines()).toEqual([expect.objectContaining({ msg: "ready", http: "127.0.0.1:1" })]);
  },
);
