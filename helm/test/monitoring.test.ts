import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { CASES, find, manifestsOf, ofKind } from "./support/manifests.ts";

const filesBelow = (path: string): Readonly<Record<string, string>> => {
  const folder = new URL(path, import.meta.url);
  const names = readdirSync(fileURLToPath(folder), { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.\w+$/.test(name),
  );
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(new URL(name, folder), "utf8")]));
};

describe("monitoring", () => {
  it.each(["rules", "dashboards"])(
    "the chart's %s are those of deploy/monitoring (npm run copy-monitoring -w helm)",
    (kind) => {
      expect(filesBelow(`../tandem/files/${kind}/`)).toEqual(filesBelow(`../../deploy/monitoring/${kind}/`));
    },
  );

  it("rules come as they are written, their alerts pointing at the runbooks the values name", async () => {
    const manifests = ofKind(await manifestsOf("carriers"), "PrometheusRule");
    const written = Object.values(filesBelow("../../deploy/monitoring/rules/")).map((text) => parse(text) as object);
    const bare = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value).replaceAll(/"[^"]*\/(Tandem\w+\.md)"/g, '"$1"')) as unknown;
    expect(manifests.map(({ spec }) => bare(spec))).toEqual(written.map(bare));
    const urls = JSON.stringify(manifests).match(/"runbook_url":"[^"]*"/g) ?? [];
    expect(urls.length).toBeGreaterThan(10);
    for (const url of urls)
      expect(url).toMatch(/"https:\/\/git\.example\.com\/voice\/tandem\/runbooks\/Tandem\w+\.md"/);
  });

  it("every dashboard is a ConfigMap that Grafana's sidecar finds, below a ConfigMap's limit", async () => {
    const boards = ofKind(await manifestsOf("carriers"), "ConfigMap").filter(
      ({ metadata }) => metadata.labels["grafana_dashboard"] === "1",
    );
    const texts = boards.flatMap(({ data }) => Object.values(data as Record<string, string>));
    expect(texts.map((text) => text.trimEnd())).toEqual(
      Object.values(filesBelow("../../deploy/monitoring/dashboards/")).map((text) => text.trimEnd()),
    );
    for (const text of texts) expect(text.length).toBeLessThan(1_000_000);
  });

  it("every process of the cluster is scraped once, and gets no label that rules do not expect (docs/monitoring.md)", async () => {
    const manifests = await manifestsOf("carriers");
    const pods = find(manifests, "PodMonitor", "tandem-pools")["spec"];
    const services = find(manifests, "ServiceMonitor", "tandem-control")["spec"];
    expect(pods.selector.matchExpressions[0].values).toEqual(["edge", "worker", "pool", "media-mixer"]);
    expect(services.selector.matchExpressions[0].values).toEqual(["controller", "control-api"]);
    for (const endpoint of [...pods.podMetricsEndpoints, ...services.endpoints]) {
      expect(endpoint).not.toHaveProperty("relabelings");
      expect(endpoint).not.toHaveProperty("metricRelabelings");
    }
  });

  it.each(CASES.filter((name) => name !== "carriers"))(
    "%s: nothing of the Prometheus operator unless asked for",
    async (name) => {
      const kinds = ofKind(await manifestsOf(name), "PodMonitor", "ServiceMonitor", "PrometheusRule", "ScaledObject");
      expect(kinds).toEqual([]);
    },
  );
});
