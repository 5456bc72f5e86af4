import { startSimulatedGateway, type Behaviour } from "@tandem/simulated-peer";
import { freePort } from "@tandem/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { answerCalls } from "./answer-calls.ts";
import type { CallConfig } from "./config.ts";
import { placeCalls } from "./place-calls.ts";

const HERE = "127.0.0.1";
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Starts something on a port that was free a moment ago, and on another if somebody took it meanwhile. */
async function onFreePort<T>(start: (port: number) => Promise<{ ok: true; value: T } | { ok: false; error: unknown }>) {
  for (let tries = 0; tries < 20; tries += 1) {
    const port = await freePort();
    const started = await start(port);
    if (started.ok) return { port, value: started.value };
  }
  throw new Error("no free port");
}

async function listening(behaviour: Behaviour): Promise<number> {
  const options = { name: "edge", address: HERE, behaviour, onMessage: () => undefined };
  const { port, value } = await onFreePort((each) => startSimulatedGateway({ ...options, port: each }));
  closing.push(() => value.close());
  return port;
}

async function calling(target: number, change: Partial<CallConfig> = {}) {
  const said: string[] = [];
  const config: CallConfig = {
    address: HERE,
    port: await freePort(),
    target: `${HERE}:${target}`,
    transport: "udp",
    caller: "2125550100",
    numbers: ["2125550123", "933"],
    patienceMs: 0,
    ...change,
  };
  return { said, outcome: await placeCalls(config, (line) => said.push(line)) };
}

describe("test calls", () => {
  it.each(["udp", "tcp"] as const)("over %s: answered and ended, one after the other", async (transport) => {
    const { value: peers, port } = await onFreePort((each) =>
      answerCalls({ address: HERE, ports: [each], logLevel: "silent" }),
    );
    closing.push(...peers.map((peer) => () => peer.close()));
    const { said, outcome } = await calling(port, { transport });
    expect(outcome).toEqual({ ok: true, value: true });
    expect(said).toEqual(["2125550123: answered (200) and ended (200)", "933: answered (200) and ended (200)"]);
  });

  it("that are refused are told with their status, and are a failure", async () => {
    const { said, outcome } = await calling(await listening("refuses"), { numbers: ["933"] });
    expect(outcome).toEqual({ ok: true, value: false });
    expect(said).toEqual(["933: not answered (503)"]);
  });

  it("are tried again while the cluster is not ready, for as long as the patience lasts", async () => {
    const { said, outcome } = await calling(await listening("refuses"), { numbers: ["933"], patienceMs: 2_500 });
    expect(outcome).toEqual({ ok: true, value: false });
    expect(said.length).toBeGreaterThan(1);
    expect(said[0]).toBe("933: not answered (503); once more");
    expect(said.at(-1)).toBe("933: not answered (503)");
  });

  it("cannot be placed from a port that is taken", async () => {
    const port = await listening("answers");
    const { outcome } = await calling(port, { port });
    expect(outcome).toMatchObject({ ok: false, error: expect.stringContaining(`${HERE}:${port}`) });
  });
});
