import { parseConfiguration } from "@tandem/runtime";
import { describe, expect, test } from "vitest";
import { controlApiSchema } from "./config.ts";

const complete = {
  TANDEM_NODE_ID: "api-1",
  TANDEM_REDIS: "redis://127.0.0.1",
  TANDEM_API: "127.0.0.1:0",
  TANDEM_HTTP: "127.0.0.1:0",
  TANDEM_API_KEYS: `operator:${"k".repeat(24)}`,
};
const workloads = {
  east: {
    workers: { resource: "deployments", name: "t-east-worker" },
    edges: { resource: "daemonsets", name: "t-east-edge", fixed: true },
  },
};
const inCluster = {
  ...complete,
  TANDEM_SCALER: "kubernetes",
  TANDEM_SCALER_WORKLOADS: JSON.stringify(workloads),
  KUBERNETES_SERVICE_HOST: "10.96.0.1",
  KUBERNETES_SERVICE_PORT: "6443",
};

describe("who scales pools", () => {
  test.each([
    ["nobody, when nobody is named", complete, null],
    [
      "a supervisor with its token",
      { ...complete, TANDEM_SCALER: "http://127.0.0.1:7/", TANDEM_SCALER_TOKEN: "t" },
      { kind: "supervisor", url: "http://127.0.0.1:7", token: "t" },
    ],
    [
      "Kubernetes, where the pod is told it is",
      inCluster,
      {
        kind: "kubernetes",
        host: "10.96.0.1",
        port: 6_443,
        pools: { east: { ...workloads.east, workers: { ...workloads.east.workers, fixed: false } } },
      },
    ],
  ])("%s", (_name, environment, scaler) => {
    expect(parseConfiguration(controlApiSchema, environment)).toMatchObject({ value: { scaler } });
  });

  test.each([
    ["a supervisor without token", { TANDEM_SCALER: "http://127.0.0.1:7" }, /TANDEM_SCALER_TOKEN is not set/],
    ["nobody known", { TANDEM_SCALER: "systemd" }, /TANDEM_SCALER is wrong: .*or kubernetes/],
    [
      "Kubernetes without workloads",
      { ...inCluster, TANDEM_SCALER_WORKLOADS: "" },
      /TANDEM_SCALER_WORKLOADS is not set/,
    ],
    ["Kubernetes outside of it", { ...inCluster, KUBERNETES_SERVICE_HOST: "" }, /KUBERNETES_SERVICE_HOST is not set/],
    [
      "a workload misspelt",
      { ...inCluster, TANDEM_SCALER_WORKLOADS: '{"east":{"workers":{}}}' },
      /TANDEM_SCALER_WORKLOADS is wrong at east/,
    ],
  ])("%s is refused", (_name, change, sentence) => {
    const read = parseConfiguration(controlApiSchema, { ...complete, ...change });
    expect(read.ok ? [] : read.problems).toContainEqual(expect.stringMatching(sentence));
  });
});
