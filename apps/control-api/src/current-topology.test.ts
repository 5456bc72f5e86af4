import { describe, expect, test } from "vitest";
import type { PublishedTopology } from "@tandem/call-control";
import { ok } from "@tandem/domain";
import { currentTopology } from "./current-topology.ts";
import type { ControlServices } from "./services.ts";

function published(version: number, atMs: number, gateway: string): PublishedTopology {
  const document = {
    pools: [
      {
        name: "east",
        listeners: [{ name: "l", address: "127.0.0.1", port: 5060, transport: "udp", serves: "callers" }],
      },
    ],
    gateways: [
      { name: gateway, kind: "core", address: "10.0.0.1" },
      { name: "pstn", kind: "pstn", address: "10.0.0.2" },
    ],
    trunks: [
      { name: "core", pool: "east", listener: "l", gateway, usages: ["national"] },
      { name: "pstn", pool: "east", listener: "l", gateway: "pstn" },
    ],
    routes: [{ name: "r", match: "^\\+1", usages: ["national"], trunks: ["pstn"] }],
  };
  return { version, atMs, json: JSON.stringify(document), author: "test" };
}

function servicesOf(state: { current: PublishedTopology }): ControlServices {
  return { topology: { current: () => Promise.resolve(ok(state.current)) } } as unknown as ControlServices;
}

async function gatewayOf(services: ControlServices): Promise<string | undefined> {
  const inForce = await currentTopology(services);
  return inForce.ok ? inForce.value?.topology.gateways[0]?.name : inForce.error.code;
}

describe("the topology in force", () => {
  test("is compiled once for each publication", async () => {
    const services = servicesOf({ current: published(4, 1_000, "first") });
    const once = await currentTopology(services);
    const again = await currentTopology(services);
    expect(once.ok && again.ok && once.value === again.value).toBe(true);
  });

  test("is the one published after the registry lost its data, though its version was seen before", async () => {
    const state = { current: published(1, 1_000, "first") };
    const services = servicesOf(state);
    expect(await gatewayOf(services)).toBe("first");
    state.current = published(1, 2_000, "second");
    expect(await gatewayOf(services)).toBe("second");
  });
});
