import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { ALERTS, deployFiles, deployPath, deployText } from "./monitoring-files.ts";

const run = promisify(execFile);

interface RuleTest {
  readonly alert_rule_test?: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
}

const testFiles = deployFiles("monitoring/rule-tests");

describe("rules as Prometheus sees them", () => {
  test.each(deployFiles("monitoring/rules"))("%s is a rule file", async (file) => {
    const { stdout } = await run("promtool", ["check", "rules", deployPath(`monitoring/rules/${file}`)]);
    expect(stdout).toContain("SUCCESS");
  });

  test("deploy/compose configures Prometheus with them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tandem-compose-"));
    const file = join(folder, "prometheus.yaml");
    const text = deployText("compose/prometheus.yaml");
    writeFileSync(file, text.replaceAll("/etc/prometheus/rules", deployPath("monitoring/rules")));
    const { stdout } = await run("promtool", ["check", "config", file]);
    rmSync(folder, { recursive: true });
    expect(stdout).toContain(`${deployFiles("monitoring/rules").length} rule files found`);
  });

  // Hours of series are evaluated: seconds of CPU.
  test.each(testFiles)(
    "the cases of %s hold",
    async (file) => {
      const path = deployPath(`monitoring/rule-tests/${file}`);
      const said = await run("promtool", ["test", "rules", path]).catch((failed: Error) => ({
        stdout: String(failed),
      }));
      expect(said.stdout).toContain("SUCCESS");
    },
    120_000,
  );

  const cases = testFiles.flatMap((file) => {
    const { tests } = parse(deployText(`monitoring/rule-tests/${file}`)) as { readonly tests: readonly RuleTest[] };
    return tests.flatMap((each) => each.alert_rule_test ?? []);
  });
  test.each([...new Set(ALERTS.map(({ alert }) => alert))])(
    "%s has a case in which it fires and one in which it does not",
    (name) => {
      const own = cases.filter(({ alertname }) => alertname === name);
      expect(own.some(({ exp_alerts: expected }) => expected.length > 0)).toBe(true);
      expect(own.some(({ exp_alerts: expected }) => expected.length === 0)).toBe(true);
    },
  );
});
