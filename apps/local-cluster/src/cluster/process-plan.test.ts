import { platform } from "node:os";
import { defaultEmergencyPlan, type Listener, type Topology } from "@tandem/domain";
import { describe, expect, it } from "vitest";
import { edgeListeners } from "./edge-listeners.ts";
import { keepAddresses } from "./keep-addresses.ts";
import { planControl, planEdge, planEdges, planFusedAdmins, planWorkers, type PlanSettings } from "./process-plan.ts";

const listener: Listener = {
  name: "core-udp",
  address: "127.0.0.1",
  port: 5060,
  transport: "udp",
  advertisedAddress: "127.0.0.1",
  advertisedPort: 5060,
  serves: "callers",
};

const topology: Topology = {
  name: "test",
  pools: [
    { name: "east", edges: 2, workers: 2, listeners: [listener] },
    { name: "west", edges: 1, workers: 1, listeners: [{ ...listener, port: 5070, advertisedPort: 5070 }] },
  ],
  gateways: [],
  trunks: [],
  dialPlans: [],
  routes: [],
  emergency: defaultEmergencyPlan,
};

const settings: PlanSettings = {
  redisUrl: "redis://127.0.0.1:6000",
  secret: "s",
  api: { host: "127.0.0.1", port: 8080 },
  apiKeys: "local:key",
  http: { host: "127.0.0.1", port: 0 },
  admin: { host: "127.0.0.1", port: 0 },
  logLevel: "info",
  detailRecords: { file: "/data/cdr.jsonl", webhook: null },
  edgesFile: "/data/edges.json",
  scaler: { url: "http://127.0.0.1:7000", token: "t" },
  spoolFolder: "/data/spool",
  drainMs: 10_000,
  nodePrefix: "",
};

const listenersOf = (environment: Readonly<Record<string, string>>): readonly Listener[] =>
  JSON.parse(environment["TANDEM_LISTENERS"] ?? "[]") as readonly Listener[];

const onLinux = platform() === "linux";
const anyPort = { ...listener, port: 0, advertisedPort: 0 };
const next = { ...listener, address: "127.0.0.2", advertisedAddress: "127.0.0.2" };

describe("the plan of processes", () => {
  it("has the edges and workers each pool wants, one controller and one control API", () => {
    const edges = planEdges(topology, settings);
    const workers = planWorkers(topology, settings, {});
    expect(edges.map(({ name }) => name)).toEqual(["edge-east-1", "edge-east-2", "edge-west-1"]);
    expect(workers.map(({ name }) => name)).toEqual(["worker-east-1", "worker-east-2", "worker-west-1"]);
    expect(planControl(topology, settings).map(({ name }) => name)).toEqual(["controller", "control-api"]);
  });

  it("the first edge of a pool has the topology's addresses, those after it on loopback the next ones", () => {
    const [first, second, west] = planEdges(topology, settings);
    expect(listenersOf(first?.environment ?? {})).toEqual([listener]);
    expect(listenersOf(second?.environment ?? {})).toEqual([onLinux ? next : anyPort]);
    expect(listenersOf(west?.environment ?? {})).toEqual([expect.objectContaining({ port: 5070 })]);
  });

  it("every worker knows where the edges of every pool are told, and Redis", () => {
    for (const { environment } of planWorkers(topology, settings, {})) {
      expect(environment["TANDEM_EDGES_FILE"]).toBe("/data/edges.json");
      expect(environment).toMatchObject({ TANDEM_REDIS: "redis://127.0.0.1:6000", TANDEM_SECRET: "s" });
    }
  });

  it("port 0: the system chooses every metrics port; else they count up without a gap", () => {
    const all = (given: PlanSettings) =>
      [...planEdges(topology, given), ...planWorkers(topology, given, {}), ...planControl(topology, given)].map(
        ({ environment }) => environment["TANDEM_HTTP"],
      );
    expect(new Set(all(settings))).toEqual(new Set(["127.0.0.1:0"]));
    const numbered = Array.from({ length: 8 }, (_, index) => `127.0.0.1:${9_100 + index}`);
    expect(all({ ...settings, http: { host: "127.0.0.1", port: 9_100 } })).toEqual(numbered);
  });

  it("admin ports count up from edge to edge when the first is given", () => {
    const edges = planEdges(topology, { ...settings, admin: { host: "127.0.0.1", port: 9_022 } });
    expect(edges.map(({ environment }) => environment["TANDEM_ADMIN"])).toEqual([
      "127.0.0.1:9022",
      "127.0.0.1:9023",
      "127.0.0.1:9024",
    ]);
  });

  it("a fused pool has workers only: the first with the topology's ports, each where others reach it", () => {
    const [east, west] = topology.pools;
    if (east === undefined || west === undefined) throw new Error("two pools");
    const fused: Topology = { ...topology, pools: [{ ...east, arrangement: "fused" }, west] };
    const numbered = { ...settings, admin: { host: "127.0.0.1", port: 9_022 } };
    expect(planEdges(fused, numbered).map(({ name }) => name)).toEqual(["edge-west-1"]);
    expect(planFusedAdmins(fused, numbered)).toEqual({
      east: [
        { host: "127.0.0.1", port: 9_023 },
        { host: "127.0.0.1", port: 9_024 },
      ],
    });
    const admins = { east: ["127.0.0.1:9023", "127.0.0.1:9024"] };
    const [first, second, split] = planWorkers(fused, numbered, admins).map(({ environment }) => environment);
    expect(listenersOf(first ?? {})).toEqual([listener]);
    expect(listenersOf(second ?? {})).toEqual([onLinux ? next : anyPort]);
    expect([first, second].map((each) => each?.["TANDEM_ADMIN"])).toEqual(admins.east);
    expect(split).not.toHaveProperty("TANDEM_LISTENERS");
  });

  it("detail records go to the file, and to the webhook when there is one", () => {
    const webhook = { url: "https://billing.example.net/cdr", token: "t", timeoutMs: 500 };
    const [plain] = planControl(topology, settings);
    expect(plain?.environment).toMatchObject({ TANDEM_CDR_FILE: "/data/cdr.jsonl" });
    expect(plain?.environment).not.toHaveProperty("TANDEM_CDR_WEBHOOK");
    const [posting] = planControl(topology, { ...settings, detailRecords: { file: "/data/cdr.jsonl", webhook } });
    expect(posting?.environment).toMatchObject({
      TANDEM_CDR_WEBHOOK: "https://billing.example.net/cdr",
      TANDEM_CDR_WEBHOOK_TOKEN: "t",
      TANDEM_CDR_WEBHOOK_TIMEOUT_MS: "500",
    });
  });

  it("node ids are unique, also in a Redis shared with another cluster", () => {
    const plans = [
      ...planEdges(topology, settings),
      ...planWorkers(topology, settings, {}),
      ...planControl(topology, settings),
    ];
    expect(new Set(plans.map(({ environment }) => environment["TANDEM_NODE_ID"])).size).toBe(plans.length);
    const [edge] = planEdges(topology, { ...settings, nodePrefix: "host-1-" });
    expect(edge?.environment["TANDEM_NODE_ID"]).toBe("host-1-edge-east-1");
  });
});

describe("edges of one pool on one host", () => {
  const listen = (given: Partial<Listener>, number: number) =>
    edgeListeners({ name: "east", edges: 3, workers: 1, listeners: [{ ...listener, ...given }] }, number)[0];

  it.each([
    ["a wildcard", { address: "0.0.0.0", advertisedAddress: "192.0.2.1" }, 2],
    ["an address of the network", { address: "192.0.2.1", advertisedAddress: "192.0.2.1" }, 2],
    ["the end of loopback", { address: "127.0.0.254" }, 2],
  ])("%s cannot be shared: any port, and no pretence", (_what, given, number) => {
    expect(listen(given, number)).toMatchObject({ address: given.address, port: 0, advertisedPort: 0 });
  });

  it.runIf(onLinux)("all of 127.0.0.0/8 is loopback", () => {
    const given = { address: "127.71.0.1", advertisedAddress: "127.71.0.1" };
    expect(listen(given, 2)).toMatchObject({ address: "127.71.0.2", port: 5060, advertisedAddress: "127.71.0.2" });
  });

  it.runIf(onLinux)("what peers are told stays when it is not the address itself", () => {
    const given = { advertisedAddress: "sip.example.net" };
    expect(listen(given, 3)).toMatchObject({ address: "127.0.0.3", port: 5060, advertisedAddress: "sip.example.net" });
  });
});

describe("keepAddresses", () => {
  it("a process that starts again gets the ports it had", () => {
    const pool = { name: "east", edges: 1, workers: 1, listeners: [anyPort] };
    const plan = planEdge({ pool, number: 1, index: 0 }, settings);
    const again = keepAddresses(plan, {
      http: "127.0.0.1:40001",
      admin: "127.0.0.1:40002",
      api: null,
      listeners: [{ name: "core-udp", transport: "udp", address: "127.0.0.1:40003" }],
    });
    expect(again.environment).toMatchObject({ TANDEM_HTTP: "127.0.0.1:40001", TANDEM_ADMIN: "127.0.0.1:40002" });
    expect(again.environment).not.toHaveProperty("TANDEM_API");
    expect(listenersOf(again.environment)).toEqual([{ ...listener, port: 40_003, advertisedPort: 40_003 }]);
  });
});
