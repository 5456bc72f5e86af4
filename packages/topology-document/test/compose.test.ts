import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { parseTopologyDocument } from "../src/index.ts";

const folder = new URL("../../../deploy/compose/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8");

interface Service {
  readonly image: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
}

const { services } = parse(read("compose.yaml"), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
};
const topology = parseTopologyDocument(read("topology.yaml"), { format: "yaml" });

/** As compose puts in what nobody set. */
const withDefaults = (text: string): string => text.replaceAll(/\$\{\w+:-([^}]*)\}/g, "$1");

describe("deploy/compose", () => {
  test("the topology is one that the control API takes", () => {
    expect(topology.ok ? [] : topology.error).toEqual([]);
  });

  test("the edge's listeners are those of the topology", () => {
    const listeners: unknown = JSON.parse(withDefaults(services["edge-east"]?.environment?.["TANDEM_LISTENERS"] ?? ""));
    const pools = topology.ok ? topology.value.topology.pools : [];
    const expected = pools.flatMap((pool) => pool.listeners);
    expect(listeners).toEqual(
      expected.map(({ name, address, port, transport, advertisedAddress }) => ({
        name,
        address,
        port,
        transport,
        advertisedAddress,
      })),
    );
  });

  test("every process of ours has a read-only root and no right left", () => {
    const ours = Object.entries(services).filter(
      ([name, { image }]) => image.startsWith("tandem-") && name !== "rtpengine",
    );
    expect(ours.map(([name]) => name).sort()).toEqual([
      "calls",
      "control-api",
      "controller",
      "edge-east",
      "peers",
      "worker-east",
    ]);
    for (const [, service] of ours) expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"] });
  });

  test("every file that is mounted is there", () => {
    const mounted = Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(":")[0] ?? ""),
    );
    const missing = mounted.filter((path) => path.startsWith(".") && !existsSync(fileURLToPath(new URL(path, folder))));
    expect(missing).toEqual([]);
  });
});
