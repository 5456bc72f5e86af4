import { stringify } from "yaml";
import { buildDashboard } from "./dashboards/build-dashboard.ts";
import { DASHBOARDS } from "./dashboards/index.ts";
import { burnRateRules } from "./slo/burn-rate.ts";
import { OBJECTIVES } from "./slo/objectives.ts";

const HEADER = "# Made by packages/monitoring from its objectives: npm run generate -w packages/monitoring\n";

/** Every file that is made from this package: path below deploy/monitoring, and text. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ["rules/slo.yaml", HEADER + stringify(burnRateRules(OBJECTIVES), { lineWidth: 0 })],
    ...DASHBOARDS.map((dashboard): [string, string] => [
      `dashboards/${dashboard.name}.json`,
      `${JSON.stringify(buildDashboard(dashboard), null, 2)}\n`,
    ]),
  ]);
}
