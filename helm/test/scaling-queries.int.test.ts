import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { stringify } from "yaml";
import { find, manifestsOf } from "./support/manifests.ts";

const run = promisify(execFile);

const SERIES = {
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

it("what KEDA asks of Prometheus counts the places on the pool's trunks and its new calls, each once", async () => {
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
        input_series: Object.entries(SERIES).map(([series, values]) => ({ series, values })),
        promql_expr_test: [
          { expr: queries["active-calls"], eval_time: "3m", exp_samples: [{ labels: "{}", value: 42 }] },
          { expr: queries["calls-per-second"], eval_time: "3m", exp_samples: [{ labels: "{}", value: 15 }] },
        ],
      },
    ],
  };
  writeFileSync(join(folder, "test.yaml"), stringify(test));
  const { stdout } = await run("promtool", ["test", "rules", join(folder, "test.yaml")]);
  rmSync(folder, { recursive: true });
  expect(stdout).toContain("SUCCESS");
});
