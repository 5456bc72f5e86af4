import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { err, ok, type Result } from "@tandem/domain";
import { audioSession, placeCall, startSimulatedGateway, type SimulatedCallResult } from "@tandem/simulated-peer";
import type { CallConfig } from "./config.ts";

const HOLD_MS = 500;
const RETRY_MS = 2_000;

/** A cluster that begins to serve says 503 for a while, and one whose edges are not found yet nothing. */
const NOT_READY = [408, 503];

/**
 * Places one call after the other, holds each for half a second and ends it. `print` is told every try.
 * @returns true when every call was answered and ended with 200; the error says why no call could be placed at all
 */
export async function placeCalls(config: CallConfig, print: (line: string) => void): Promise<Result<boolean, string>> {
  const { address, port } = config;
  const caller = await startSimulatedGateway({
    name: "caller",
    address,
    port,
    behaviour: "answers",
    onMessage: () => undefined,
  });
  if (!caller.ok) return err(`The caller cannot use ${address}:${port} (${caller.error.detail}).`);
  try {
    let good = true;
    for (const number of config.numbers) {
      const result = await untilReady(config, print, () => placeCall(caller.value, callTo(number, config)), number);
      good &&= result.status === 200 && result.byeStatus === 200;
    }
    return ok(good);
  } finally {
    await caller.value.close();
  }
}

async function untilReady(
  { patienceMs }: CallConfig,
  print: (line: string) => void,
  place: () => Promise<SimulatedCallResult>,
  number: string,
): Promise<SimulatedCallResult> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const result = await place();
    const again = NOT_READY.includes(result.status) && performance.now() < until;
    print(`${number}: ${verdict(result)}${again ? "; once more" : ""}`);
    if (!again) return result;
    await delay(RETRY_MS);
  }
}

function verdict({ status, byeStatus }: SimulatedCallResult): string {
  if (status !== 200) return `not answered (${status})`;
  return byeStatus === 200 ? "answered (200) and ended (200)" : `answered (200), but its BYE got ${byeStatus}`;
}

function callTo(number: string, { address, caller, target, transport }: CallConfig) {
  return {
    number,
    caller,
    target,
    transport,
    callId: `test-${randomUUID()}`,
    headers: [],
    contentType: "application/sdp",
    body: audioSession(address, 1),
    holdMs: HOLD_MS,
  };
}
