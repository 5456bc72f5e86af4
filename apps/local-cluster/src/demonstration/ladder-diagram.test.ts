import { describe, expect, it } from "vitest";
import { drawLadder, type DiagramMessage } from "./ladder-diagram.ts";

const message = (change: Partial<DiagramMessage>): DiagramMessage => ({
  atMs: 1_000,
  from: "core",
  to: "tandem",
  label: "INVITE 911",
  facts: "",
  ...change,
});

describe("drawLadder", () => {
  it("one line per message, time since the first, arrows between the right columns", () => {
    const lines = drawLadder(
      ["core", "tandem", "sbc"],
      [
        message({ facts: "SDP + PIDF-LO" }),
        message({ atMs: 1_001, from: "tandem", to: "core", label: "100 Trying" }),
        message({ atMs: 1_012, from: "tandem", to: "sbc" }),
        message({ atMs: 1_013, from: "sbc", to: "tandem", label: "200 OK" }),
      ],
    );
    expect(lines).toEqual([
      "          core                           tandem                         sbc",
      "     0 ms │──────── INVITE 911 ─────────▶│                              │  SDP + PIDF-LO",
      "     1 ms │◀──────── 100 Trying ─────────│                              │",
      "    12 ms │                              │──────── INVITE 911 ─────────▶│",
      "    13 ms │                              │◀────────── 200 OK ───────────│",
    ]);
  });

  it("a label longer than the arrow is cut, the columns stay in line", () => {
    const [, line] = drawLadder(
      ["core", "tandem"],
      [message({ label: "INVITE sip:+12025550123@gateway.example.com" })],
    );
    expect(line).toBe("     0 ms │─ INVITE sip:+12025550123… ──▶│");
  });

  it("an arrow may pass a column that has no part in it", () => {
    const [, line] = drawLadder(["core", "tandem", "sbc"], [message({ to: "sbc" })]);
    expect(line).toBe(`     0 ms │${"─".repeat(24)} INVITE 911 ${"─".repeat(24)}▶│`);
  });
});
