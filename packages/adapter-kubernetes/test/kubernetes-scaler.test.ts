import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describePoolScaler } from "@tandem/testkit/contracts";
import { describe, expect, it } from "vitest";
import { createKubernetesScaler, inClusterAccess, type PoolWorkloads } from "../src/index.ts";
import { ApiServer, refused } from "./api-server.ts";

const deployment = (name: string, fixed = false) => ({ resource: "deployments", name, fixed }) as const;

const POOLS: Readonly<Record<string, PoolWorkloads>> = {
  east: { workers: deployment("t-east-worker"), edges: deployment("t-east-edge") },
  nodes: {
    workers: deployment("t-nodes-worker"),
    edges: { resource: "daemonsets", name: "t-nodes-edge", fixed: true },
  },
  auto: { workers: deployment("t-auto-worker", true), edges: deployment("t-auto-edge") },
  fused: { workers: deployment("t-fused"), edges: deployment("t-fused") },
};

async function world() {
  const server = await ApiServer.start();
  for (const name of ["t-east-worker", "t-east-edge", "t-nodes-worker", "t-auto-worker", "t-auto-edge", "t-fused"])
    server.deployments.set(name, { replicas: 1, generation: 1 });
  server.daemonSets.set("t-nodes-edge", { replicas: 5, generation: 1 });
  return { server, scaler: createKubernetesScaler(server.access, POOLS) };
}

describe("pools that Kubernetes runs", () => {
  describePoolScaler(async () => {
    const { server, scaler } = await world();
    return {
      subject: scaler,
      another: () => createKubernetesScaler(server.access, POOLS),
      elapse: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => server.close(),
    };
  });
});

describe("the scaler", () => {
  it("patches the scale subresource and nothing else, and reads the status", async () => {
    const { server, scaler } = await world();
    await scaler.scale("east", { workers: 4 });
    const path = "/apis/apps/v1/namespaces/voice/deployments";
    expect(server.asked.toSorted()).toEqual([
      `GET ${path}/t-east-edge/status`,
      `GET ${path}/t-east-worker/status`,
      `PATCH ${path}/t-east-worker/scale {"spec":{"replicas":4}}`,
    ]);
    await server.close();
  });

  it("tells the ready pods apart from the wanted ones", async () => {
    const { server, scaler } = await world();
    server.deployments.set("t-east-worker", { replicas: 3, generation: 2, ready: 0 });
    expect(await scaler.read("east")).toMatchObject({ value: { desired: { workers: 3 }, current: { workers: 0 } } });
    await server.close();
  });

  it.each([
    ["the workers of a pool with an autoscaler", "auto", { workers: 2 }],
    ["edges, of which there is one per node", "nodes", { workers: 1, edges: 2 }],
    ["different numbers of what shares its pods", "fused", { workers: 3, edges: 2 }],
  ])("does not set %s, and changes nothing", async (_what, pool, wanted) => {
    const { server, scaler } = await world();
    expect(await scaler.scale(pool, wanted)).toMatchObject({ ok: false, error: { code: "not-implemented" } });
    expect(server.asked).toEqual([]);
    await server.close();
  });

  it("reads and scales pools whose edges are one per node, or share their pods with workers", async () => {
    const { server, scaler } = await world();
    expect(await scaler.scale("nodes", { workers: 3 })).toMatchObject({ value: { desired: { workers: 3, edges: 5 } } });
    expect(await scaler.scale("fused", { workers: 3 })).toMatchObject({ value: { desired: { workers: 3, edges: 3 } } });
    await server.close();
  });

  it("asks again on a conflict, and gives up on the third", async () => {
    const { server, scaler } = await world();
    const conflict = refused(
      409,
      "Conflict",
      "the object has been modified; please apply your changes to the latest version",
    );
    server.faults.push(conflict, conflict);
    expect(await scaler.scale("east", { workers: 2 })).toMatchObject({ ok: true });
    server.faults.push(conflict, conflict, conflict);
    expect(await scaler.scale("east", { workers: 3 })).toMatchObject({
      error: { code: "scaler-unavailable", detail: expect.stringContaining("Conflict") },
    });
    await server.close();
  });

  it.each([
    [
      "403",
      refused(
        403,
        "Forbidden",
        'deployments.apps "t-east-worker" is forbidden: User "system:serviceaccount:voice:tandem-control-api" cannot patch',
      ),
      "scaler-unavailable",
      /Forbidden; the service account may not/,
    ],
    [
      "404",
      refused(404, "NotFound", 'deployments.apps "t-east-worker" not found'),
      "not-found",
      /no workload t-east-worker/,
    ],
    ["422", refused(422, "Invalid", "spec.replicas: Invalid value"), "scaler-unavailable", /Invalid/],
    [
      "429",
      refused(429, "TooManyRequests", "the server has received too many requests"),
      "scaler-unavailable",
      /TooManyRequests/,
    ],
    ["500 without a Status", { status: 500, body: {} }, "scaler-unavailable", /status 500/],
    ["a proxy's page", { status: 200, body: "<html>" }, "scaler-unavailable", /not JSON/],
    ["another object", { status: 200, body: { kind: "Pod" } }, "scaler-unavailable", /cannot be read/],
  ] as const)("%s", async (_name, fault, code, detail) => {
    const { server, scaler } = await world();
    server.faults.push(fault);
    expect(await scaler.scale("east", { workers: 2 })).toMatchObject({
      ok: false,
      error: { code, detail: expect.stringMatching(detail) },
    });
    await server.close();
  });

  it("follows a token that kubelet replaced", async () => {
    const { server, scaler } = await world();
    server.token = "the-next-one";
    expect(await scaler.read("east")).toMatchObject({ error: { detail: expect.stringContaining("Unauthorized") } });
    writeFileSync(join(server.folder, "token"), "the-next-one");
    expect(await scaler.read("east")).toMatchObject({ ok: true });
    await server.close();
  });

  it("trusts the cluster's authority only, and never says its token", async () => {
    const [{ server }, other] = [await world(), await ApiServer.start()];
    const scaler = createKubernetesScaler({ ...server.access, authorities: other.access.authorities }, POOLS);
    const refusedThere = await scaler.read("east");
    expect(refusedThere).toMatchObject({ ok: false, error: { code: "scaler-unavailable" } });
    expect(JSON.stringify(refusedThere)).not.toContain(server.token);
    expect(server.asked).toEqual([]);
    await Promise.all([server.close(), other.close()]);
  });

  it("outside a cluster says so", async () => {
    const scaler = createKubernetesScaler(inClusterAccess("::1", 443, "/nonexistent"), POOLS);
    expect(await scaler.read("east")).toMatchObject({ error: { detail: expect.stringContaining("service account") } });
  });
});
