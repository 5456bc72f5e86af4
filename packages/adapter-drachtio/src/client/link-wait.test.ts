import { expect, test } from "vitest";
import { LinkWait } from "./link-wait.ts";

const BEAT_MS = 250;
/** What the way takes when nothing waits. */
const WAY_MS = 1;

/** Beats whose answers take so long and say so of the edge's sockets. */
function beatOn(line: { readonly tookMs: number; readonly edge: string; readonly calls?: string }): LinkWait {
  let nowMs = 0;
  const wait = new LinkWait(() => nowMs);
  for (let beat = 0; beat < 8; beat += 1) {
    nowMs = beat * BEAT_MS;
    const [id = ""] = wait.beat().split("|");
    nowMs += beat < 4 ? WAY_MS : line.tookMs;
    wait.answered(id, line.edge, line.calls ?? "");
  }
  return wait;
}

test.each([
  ["nothing waits", { tookMs: 1, edge: "0", calls: "7" }, { receiveMs: 0, lineMs: 0, callsPerSecond: 7 }],
  [
    "messages wait in front of the edge",
    { tookMs: 1, edge: "300", calls: "900" },
    { receiveMs: 300, lineMs: 0, callsPerSecond: 900 },
  ],
  [
    "messages wait between edge and worker",
    { tookMs: 200, edge: "40" },
    { receiveMs: 40, lineMs: 199, callsPerSecond: null },
  ],
  [
    "an edge of an earlier release does not tell",
    { tookMs: 200, edge: "" },
    { receiveMs: 0, lineMs: 199, callsPerSecond: null },
  ],
  [
    "nonsense counts as nothing",
    { tookMs: 200, edge: "-5e9", calls: "x" },
    { receiveMs: 0, lineMs: 199, callsPerSecond: null },
  ],
])("%s", (_, line, wait) => {
  expect(beatOn(line).now).toEqual(wait);
});
