import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseTopologyDocument } from "@tandem/topology-document";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { startedWith } from "./support/container-environment.ts";
import { CHART } from "./support/helm-program.ts";
import { CASES, find, manifestsOf, podSpec, workloads, type Manifest } from "./support/manifests.ts";

const withDocument = CASES.filter((name) => name !== "load-balancer" && name !== "node-port");

/** What the controller reads: its files, one after the other. */
function publishedText(manifests: readonly Manifest[]): string {
  const pools = find(manifests, "ConfigMap", "tandem-pools")["data"]["pools.yaml"];
  return `${pools}\n${find(manifests, "ConfigMap", "tandem-topology")["data"]["document.yaml"]}`;
}

describe("the topology", () => {
  it.each(withDocument)("%s: pools of the values and the document are one topology without errors", async (name) => {
    const parsed = parseTopologyDocument(publishedText(await manifestsOf(name)));
    expect(parsed.ok ? [] : parsed.error).toEqual([]);
  });

  it.each(withDocument)("%s: every edge has the listeners that the topology says its pool has", async (name) => {
    const manifests = await manifestsOf(name);
    const parsed = parseTopologyDocument(publishedText(manifests));
    if (!parsed.ok) throw new Error("see above");
    for (const pool of parsed.value.topology.pools) {
      const edge = workloads(manifests).find(
        ({ metadata: { labels } }) =>
          labels["tandem/pool"] === pool.name && labels["app.kubernetes.io/component"] !== "worker",
      );
      const [container] = podSpec(edge!).containers;
      // A stock drachtio-server takes arguments; stock-server.test.ts reads them.
      if (container.command !== undefined) continue;
      const { TANDEM_LISTENERS: text = "[]" } = startedWith(edge!, container.name);
      const shown = (listeners: readonly { name: string; port: number; transport: string }[]) =>
        listeners.map((each) => `${each.name} ${each.transport} ${each.port}`);
      expect(shown(JSON.parse(text))).toEqual(shown(pool.listeners));
    }
  });

  it("takes every field of a pool that has no place of its own in the values, and no other", () => {
    const schema = JSON.parse(readFileSync(join(CHART, "values.schema.json"), "utf8"));
    const document = JSON.parse(readFileSync(join(CHART, "..", "..", "docs", "topology.schema.json"), "utf8"));
    const ownPlace = ["name", "fqdn", "arrangement", "edges", "workers", "listeners"];
    const fields = Object.keys(document.properties.pools.items.properties).filter((each) => !ownPlace.includes(each));
    expect(Object.keys(schema.properties.poolDefaults.properties.topology.properties)).toEqual(fields);
  });

  it("is mounted where the controllers are told to read it, by directory, so that a changed ConfigMap reaches them", async () => {
    const controller = find(await manifestsOf("carriers"), "Deployment", "tandem-controller");
    const files = startedWith(controller, "controller")["TANDEM_TOPOLOGY_FILES"]?.split(",") ?? [];
    expect(files).toEqual(["/etc/tandem/topology/pools.yaml", "/etc/tandem/topology/document.yaml"]);
    const [container] = podSpec(controller).containers;
    expect(container.volumeMounts).toContainEqual({
      name: "topology",
      mountPath: "/etc/tandem/topology",
      readOnly: true,
    });
    expect(podSpec(controller).volumes[0].projected.sources).toMatchObject([
      { configMap: { name: "tandem-pools" } },
      { configMap: { name: "tandem-topology", items: [{ key: "document.yaml", path: "document.yaml" }] } },
    ]);
  });

  it("may come from a ConfigMap of one's own, under its key", async () => {
    const manifests = await manifestsOf("load-balancer");
    const controller = find(manifests, "Deployment", "tandem-controller");
    expect(podSpec(controller).volumes[0].projected.sources[1].configMap).toEqual({
      name: "our-topology",
      items: [{ key: "topology.yaml", path: "document.yaml" }],
    });
    expect(manifests.some(({ metadata }) => metadata.name === "tandem-topology")).toBe(false);
  });

  it("is left to the control API where nothing is to be published", async () => {
    const controller = find(await manifestsOf("node-port"), "Deployment", "tandem-controller");
    expect(startedWith(controller, "controller")).not.toHaveProperty("TANDEM_TOPOLOGY_FILES");
  });

  it("a number YAML would make a number of stays as it is written", async () => {
    expect(publishedText(await manifestsOf("carriers"))).toContain("{ dial: 911 }");
  });
});

describe("what peers are told", () => {
  const advertised = async (name: string, workload: string): Promise<readonly unknown[]> => {
    const found = workloads(await manifestsOf(name)).find(({ metadata }) => metadata.name === workload);
    const { TANDEM_LISTENERS: text = "[]" } = startedWith(found!, "edge");
    const listeners = JSON.parse(text) as readonly { advertisedAddress: string; advertisedPort: number }[];
    return listeners.map((each) => [each.advertisedAddress, each.advertisedPort]);
  };

  it.each([
    [
      "on the host's network: the node's address",
      "carriers",
      "tandem-west-edge",
      [
        ["10.0.0.7", 5070],
        ["10.0.0.7", 5072],
      ],
    ],
    [
      "at node ports: the node's address and the node's ports",
      "node-port",
      "tandem-main",
      [
        ["10.0.0.7", 30060],
        ["10.0.0.7", 30062],
      ],
    ],
    [
      "inside the cluster: the pod's address",
      "trial",
      "tandem-main-edge",
      [
        ["10.244.1.7", 5060],
        ["10.244.1.7", 5062],
      ],
    ],
    [
      "behind a load balancer: the pool's name",
      "load-balancer",
      "tandem-main-edge",
      [
        ["sip.example.com", 5060],
        ["sip.example.com", 5060],
        ["sip.example.com", 5061],
      ],
    ],
  ] as const)("in Via, %s", async (_what, name, workload, expected) => {
    expect(await advertised(name, workload)).toEqual(expected);
  });

  it("in Via, on a node behind address translation: the outside address of that node", async () => {
    const edge = startedWith(find(await manifestsOf("carriers"), "DaemonSet", "tandem-east-edge"), "edge");
    expect(edge).toMatchObject({ TANDEM_HOST: "node-a" });
    expect(JSON.parse(edge["TANDEM_ADVERTISED_BY_HOST"] ?? "")).toEqual({
      "node-a": "203.0.113.10",
      "node-b": "203.0.113.11",
    });
  });

  it.each([
    ["its fqdn", "carriers", "east.sip.example.com"],
    ["its Service inside the cluster", "trial", "tandem-main.voice.svc.cluster.local"],
  ])("in Contact, one name for the whole pool: %s", async (_what, name, host) => {
    const { data } = find(await manifestsOf(name), "ConfigMap", "tandem-pools");
    const { pools } = parse(data["pools.yaml"]) as { pools: { listeners: { advertisedAddress: string }[] }[] };
    expect(new Set(pools[0]!.listeners.map(({ advertisedAddress }) => advertisedAddress))).toEqual(new Set([host]));
  });
});
