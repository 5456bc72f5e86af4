import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@tandem/testkit";
import type { TestCluster } from "./cluster.ts";
import { sipPort } from "./ports.ts";

/** One element of a query's result. */
interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** An alert as Prometheus has it now. */
interface RaisedAlert {
  readonly name: string;
  readonly state: string;
}

/** A Prometheus that scrapes a cluster every second, with the project's rules. */
export interface TestPrometheus {
  /** The samples of an instant query. Throws what Prometheus says of a wrong one. */
  query(expr: string): Promise<readonly Sample[]>;
  /** Values of a label among the series that a selector names. Throws what Prometheus says of a wrong one. */
  labelValues(selector: string, label: string): Promise<readonly string[]>;
  alerts(): Promise<readonly RaisedAlert[]>;
  stop(): Promise<void>;
}

const RULES = join(import.meta.dirname, "..", "..", "deploy", "monitoring", "rules");

/** Starts it and waits until it has scraped every process once. */
export async function startPrometheus(cluster: TestCluster): Promise<TestPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-prometheus-"));
  const port = await sipPort();
  writeConfiguration(folder, cluster);
  const child = spawn(
    "prometheus",
    [
      `--config.file=${join(folder, "prometheus.json")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const get = async <Data>(path: string): Promise<Data> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    const answer = (await response.json()) as { readonly data: Data; readonly error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.data;
  };
  const query = async (expr: string): Promise<readonly Sample[]> => {
    const { result } = await get<Vector>(`query?query=${encodeURIComponent(expr)}`);
    return result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
  };
  const allScraped = async (): Promise<boolean> => {
    const up = await query("up == 1").catch(() => []);
    return up.length === cluster.processes.length;
  };
  await until(allScraped, { limitMs: 90_000, everyMs: 250, what: "every process scraped" });
  return {
    query,
    labelValues: (selector, label) => get(`label/${label}/values?match[]=${encodeURIComponent(selector)}`),
    alerts: async () => {
      const { alerts } = await get<Alerts>("alerts");
      return alerts.map(({ labels, state }) => ({ name: labels["alertname"] ?? "", state }));
    },
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Vector {
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly value: readonly [time: number, value: string];
  }[];
}

interface Alerts {
  readonly alerts: readonly { readonly labels: Readonly<Record<string, string>>; readonly state: string }[];
}

/** JSON is YAML. A namespace as Kubernetes gives it. The rules are the project's, but looked at every second instead of every half minute. */
function writeConfiguration(folder: string, cluster: TestCluster): void {
  mkdirSync(join(folder, "rules"));
  for (const file of readdirSync(RULES)) {
    const rules = readFileSync(join(RULES, file), "utf8").replaceAll("interval: 30s", "interval: 1s");
    writeFileSync(join(folder, "rules", file), rules);
  }
  const targets = cluster.processes.map(({ metrics }) => new URL(metrics).host);
  const configuration = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [join(folder, "rules", "*.yaml")],
    scrape_configs: [{ job_name: "tandem", static_configs: [{ targets, labels: { namespace: "voice" } }] }],
  };
  writeFileSync(join(folder, "prometheus.json"), JSON.stringify(configuration));
}
