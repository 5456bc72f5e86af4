import { describe, expect, it } from "vitest";
import { z } from "zod";
import { startedWith } from "./support/container-environment.ts";
import {
  CASES,
  find,
  manifestsOf,
  podSpec,
  render,
  valuesFile,
  workloads,
  type Manifest,
} from "./support/manifests.ts";
import { environmentProblems, processesIn, schemaOf, type Process } from "./support/processes.ts";

/** Variables that a schema reads: the keys of the object below its refinements and transformations. */
function variablesOf(schema: z.ZodType): ReadonlySet<string> {
  let inner: z.ZodType = schema;
  while (inner instanceof z.ZodPipe) inner = inner.def.in as z.ZodType;
  return new Set(Object.keys((inner as z.ZodObject).shape));
}

/** Variables that exist only to be put into others. */
const HELPING = ["TANDEM_POD", "TANDEM_ADVERTISED_ADDRESS"];

/** Whether the pod has the SIP sockets that peers are led to by its readiness. */
const holdsSockets = (workload: Manifest): boolean =>
  ["edge", "pool"].includes(workload.metadata.labels["app.kubernetes.io/component"] ?? "");

const processesOf = async (name: string): Promise<readonly Process[]> => processesIn(await manifestsOf(name));

describe.each(CASES)("processes of ci/%s-values.yaml", (name) => {
  it("accept the environment they are started with", async () => {
    expect(await environmentProblems(await manifestsOf(name))).toEqual([]);
  });

  it("are given no variable that they do not read", async () => {
    const unread = await Promise.all(
      (await processesOf(name)).map(async ([workload, container]) => {
        const read = variablesOf(await schemaOf(container));
        const given = Object.keys(startedWith(workload, container)).filter((each) => each.startsWith("TANDEM_"));
        return given.filter((each) => !read.has(each) && !HELPING.includes(each)).map((each) => `${container} ${each}`);
      }),
    );
    expect(unread.flat()).toEqual([]);
  });

  it("have three probes that ask different things, and time to hand over", async () => {
    for (const [workload, container] of await processesOf(name)) {
      const spec = podSpec(workload);
      const found = spec.containers.find((each: { readonly name: string }) => each.name === container);
      expect(found.startupProbe.httpGet.path).toBe("/livez");
      expect(found.livenessProbe.httpGet.path).toBe("/livez");
      // Traffic reaches SIP sockets by their pod's readiness: it must not hang on Redis, nor on a drain through the API.
      expect(found.readinessProbe.httpGet.path).toBe(holdsSockets(workload) ? "/sipz" : "/readyz");
      // A slow garbage collection must not restart a process; a dead one must not stay.
      expect(found.livenessProbe.periodSeconds * found.livenessProbe.failureThreshold).toBeGreaterThanOrEqual(30);
      expect(found.readinessProbe.periodSeconds * found.readinessProbe.failureThreshold).toBeLessThanOrEqual(10);
      const given = startedWith(workload, container);
      const bounds = ["TANDEM_DRAIN_MS", "TANDEM_LINGER_MS", "TANDEM_EMERGENCY_HOLD_MS"];
      const endMs = bounds.reduce((sum, bound) => sum + Number(given[bound] ?? 0), 0);
      expect(spec.terminationGracePeriodSeconds * 1_000).toBeGreaterThanOrEqual(endMs + 10_000);
      expect(found.lifecycle).toBeUndefined();
    }
  });

  it("of which none makes a pod with SIP sockets unready, for whatever a worker waits", async () => {
    const all = workloads(await manifestsOf(name)).filter(holdsSockets);
    expect(all).not.toEqual([]);
    for (const workload of all) {
      const asked = podSpec(workload).containers.map(
        (each: { readonly readinessProbe?: { readonly httpGet?: { readonly path: string } } }) =>
          each.readinessProbe?.httpGet?.path,
      );
      expect(asked, workload.metadata.name).not.toContain("/readyz");
    }
  });

  it("have ids of their own, also two of one pod", async () => {
    const ids = (await processesOf(name)).map(
      ([workload, container]) =>
        `${workload.metadata.name} ${startedWith(workload, container)["TANDEM_NODE_ID"] ?? ""}`,
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("what a process is told", () => {
  it("a worker finds the edges of every pool by their headless Service, ready or not", async () => {
    const manifests = await manifestsOf("carriers");
    const edges = JSON.parse(
      startedWith(find(manifests, "Deployment", "tandem-west-worker"), "worker")["TANDEM_EDGES"] ?? "",
    );
    expect(edges).toEqual({
      east: ["tandem-east-edges.voice.svc.cluster.local:9022"],
      west: ["tandem-west-edges.voice.svc.cluster.local:9122"],
    });
    for (const pool of ["east", "west"]) {
      const service = find(manifests, "Service", `tandem-${pool}-edges`)["spec"];
      expect(service).toMatchObject({
        clusterIP: "None",
        publishNotReadyAddresses: true,
        ports: [{ targetPort: "admin" }],
      });
    }
  });

  it.each([
    ["carriers", /^sentinel:\/\/sentinel-0\.redis:26379,.*\/tandem\?tls=true&ca=.*&cert=.*&key=/],
    ["load-balancer", /^cluster:\/\/redis-cluster\.redis:6379$/],
    ["node-port", /^rediss:\/\/redis\.example\.com:6380\/2\?servername=redis\.example\.com$/],
    ["trial", /^redis:\/\/tandem-redis\.voice\.svc\.cluster\.local:6379\/0$/],
  ])("%s: where Redis is, without its password", async (name, url) => {
    const controller = find(await manifestsOf(name), "Deployment", "tandem-controller");
    expect(startedWith(controller, "controller")["TANDEM_REDIS"]).toMatch(url);
    expect(startedWith(controller, "controller")).toHaveProperty("TANDEM_REDIS_PASSWORD");
  });

  it.each([
    ["load-balancer", "tandem-main-edge", "edge", "30000"],
    ["load-balancer", "tandem-main-worker", "worker", undefined],
    ["node-port", "tandem-main", "edge", "30000"],
    // If it ended before the edge, its pod would be unready, and the node would pass nothing on.
    ["node-port", "tandem-main", "worker", "30000"],
    ["fused", "tandem-site", "worker", "0"],
    ["trial", "tandem-main-edge", "edge", "0"],
  ])("%s: %s/%s goes on serving until a balancer has noticed that it ends", async (name, pod, container, lingerMs) => {
    const workload = find(await manifestsOf(name), "Deployment", pod);
    expect(startedWith(workload, container)["TANDEM_LINGER_MS"]).toBe(lingerMs);
  });

  it("how long that takes may be said", async () => {
    const [edge] = (
      await render("--values", valuesFile("load-balancer"), "--set", "poolDefaults.edges.lingerSeconds=90")
    ).filter(({ kind, metadata }) => kind === "Deployment" && metadata.name === "tandem-main-edge");
    expect(startedWith(edge!, "edge")["TANDEM_LINGER_MS"]).toBe("90000");
    expect(podSpec(edge!).terminationGracePeriodSeconds).toBe(465);
  });

  it.each([
    ["load-balancer", "tandem-main-edge", "edge", "300000"],
    ["load-balancer", "tandem-main-worker", "worker", undefined],
    ["fused", "tandem-site", "worker", "300000"],
    ["trial", "tandem-main-edge", "edge", "300000"],
  ])("%s: %s/%s holds for emergency calls that ring when it has to end", async (name, pod, container, holdMs) => {
    const workload = find(await manifestsOf(name), "Deployment", pod);
    expect(startedWith(workload, container)["TANDEM_EMERGENCY_HOLD_MS"]).toBe(holdMs);
  });

  it("how long it holds for them may be said", async () => {
    const [edge] = (
      await render("--values", valuesFile("trial"), "--set", "poolDefaults.edges.emergencyHoldSeconds=60")
    ).filter(({ kind, metadata }) => kind === "Deployment" && metadata.name === "tandem-main-edge");
    expect(startedWith(edge!, "edge")["TANDEM_EMERGENCY_HOLD_MS"]).toBe("60000");
    expect(podSpec(edge!).terminationGracePeriodSeconds).toBe(135);
  });

  it("a fused worker is an edge, too, and may be found by its siblings", async () => {
    const worker = startedWith(find(await manifestsOf("fused"), "Deployment", "tandem-site"), "worker");
    expect(worker).toMatchObject({
      TANDEM_ADMIN: "[::]:9022",
      TANDEM_EDGES: expect.stringContaining("tandem-site-edges"),
    });
    expect(JSON.parse(worker["TANDEM_LISTENERS"] ?? "")).toMatchObject([
      { name: "core", address: "::", advertisedAddress: "10.0.0.7" },
      {},
    ]);
  });
});
