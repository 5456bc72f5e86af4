import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { stringify } from "yaml";
import { find, manifestsOf } from "./support/manifests.ts";

const run = promisify(execFile);

const WORKERS = {
  'tandem_process_info{namespace="voice",role="worker",pool="east",instance="w1"}': "1x5",
  'tandem_process_info{namespace="voice",role="worker",pool="west",instance="w3"}': "1x5",
};

const SERIES = {
  ...WORKERS,
  // What lives in Redis is shown alike by both controllers.
  'tandem_trunk_load_calls{namespace="voice",trunk="a",instance="c1"}': "30x5",
  'tandem_trunk_load_calls{namespace="voice",trunk="a",instance="c2"}': "30x5",
  'tandem_trunk_load_calls{namespace="voice",trunk="b",instance="c1"}': "12x5",
  'tandem_trunk_load_calls{namespace="voice",trunk="other-pool",instance="c1"}': "99x5",
  'tandem_trunk_load_calls{namespace="elsewhere",trunk="a",instance="c1"}': "500x5",
  'tandem_trunk_info{namespace="voice",trunk="a",pool="east",instance="c1"}': "1x5",
  'tandem_trunk_info{namespace="voice",trunk="a",pool="east",instance="c2"}': "1x5",
  'tandem_trunk_info{namespace="voice",trunk="b",pool="east",instance="c1"}': "1x5",
  'tandem_trunk_info{namespace="voice",trunk="other-pool",pool="west",instance="c1"}': "1x5",
  'tandem_calls_started_total{namespace="voice",pool="east",ingress_trunk="a",instance="w1"}': "0+600x5",
  'tandem_calls_started_total{namespace="voice",pool="east",ingress_trunk="a",instance="w2"}': "0+300x5",
  'tandem_calls_started_total{namespace="voice",pool="west",ingress_trunk="a",instance="w3"}': "0+6000x5",
};

interface Asked {
  readonly calls: number | null;
  readonly callsPerSecond: number | null;
}

it.each<[string, Readonly<Record<string, string>>, Asked]>([
  [
    "half of the places on the pool's trunks are its calls, and new calls count once",
    SERIES,
    { calls: 21, callsPerSecond: 15 },
  ],
  ["before the first call there are none a second", WORKERS, { calls: null, callsPerSecond: 0 }],
  ["what nobody scrapes is not taken for no load", {}, { calls: null, callsPerSecond: null }],
])("what KEDA asks of Prometheus: %s", async (_name, scraped, { calls, callsPerSecond }) => {
  const { spec } = find(await manifestsOf("carriers"), "ScaledObject", "tandem-east-worker");
  const queries = Object.fromEntries(
    spec.triggers.map(({ name, metadata }: { name: string; metadata: { query: string } }) => [name, metadata.query]),
  );
  const folder = mkdtempSync(join(tmpdir(), "tandem-promtool-"));
  const test = {
    evaluation_interval: "1m",
    tests: [
      {
        interval: "1m",
        input_series: Object.entries(scraped).map(([series, values]) => ({ series, values })),
        promql_expr_test: [
          { expr: queries["active-calls"], eval_time: "3m", exp_samples: samples(calls) },
          { expr: queries["calls-per-second"], eval_time: "3m", exp_samples: samples(callsPerSecond) },
        ],
      },
    ],
  };
  writeFileSync(join(folder, "test.yaml"), stringify(test));
  const { stdout } = await run("promtool", ["test", "rules", join(folder, "test.yaml")]);
  rmSync(folder, { recursive: true });
  expect(stdout).toContain("SUCCESS");
});

const samples = (value: number | null): readonly object[] => (value === null ? [] : [{ labels: "{}", value }]);
