import { existsSync, readFileSync } from "node:fs";
import { BlockList } from "node:net";
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
  readonly networks?: readonly string[] | Readonly<Record<string, { readonly ipv4_address?: string }>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<
    Record<
      string,
      { readonly ipam: { readonly config: readonly { readonly subnet: string; readonly ip_range: string }[] } }
    >
  >;
}

const compose = parse(read("compose.yaml"), { merge: true }) as Compose;
const { services } = compose;
const topology = parseTopologyDocument(read("topology.yaml"), { format: "yaml" });

function blockOf(block: string): BlockList {
  const [address = "", bits = ""] = block.split("/");
  const list = new BlockList();
  list.addSubnet(address, Number(bits));
  return list;
}

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
      "media-mixer",
      "peers",
      "worker-east",
    ]);
    for (const [, service] of ours) expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"] });
  });

  test("nothing stands at the top that docker-compose 1.29 rejects", () => {
    const own = Object.keys(compose).filter((key) => !key.startsWith("x-"));
    expect(own.sort()).toEqual(["networks", "services", "volumes"]);
  });

  test("no address that is written down can be given to a scaled worker", () => {
    const [{ subnet, ip_range: range } = { subnet: "", ip_range: "" }] = compose.networks["sip"]?.ipam.config ?? [];
    const [network, dynamic] = [blockOf(subnet), blockOf(range)];
    const fixed = Object.values(services).flatMap(({ networks = [] }) =>
      Array.isArray(networks) ? [] : Object.values(networks).flatMap(({ ipv4_address: address }) => address ?? []),
    );
    expect(fixed.length).toBeGreaterThan(2);
    expect(new Set(fixed).size).toBe(fixed.length);
    for (const address of fixed) {
      expect(network.check(address), address).toBe(true);
      expect(dynamic.check(address), address).toBe(false);
    }
  });

  test("every file that is mounted is there", () => {
    const mounted = Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(":")[0] ?? ""),
    );
    const missing = mounted.filter((path) => path.startsWith(".") && !existsSync(fileURLToPath(new URL(path, folder))));
    expect(missing).toEqual([]);
  });
});
