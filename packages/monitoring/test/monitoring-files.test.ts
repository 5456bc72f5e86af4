import { METRICS, type MetricDefinition } from "@tandem/adapter-prometheus";
import { describe, expect, test } from "vitest";
import { DASHBOARDS, generatedFiles } from "../src/index.ts";
import { ALERTS, deployFiles, deployText, namesIn, RECORDINGS } from "./monitoring-files.ts";

const metrics: Readonly<Record<string, MetricDefinition>> = METRICS;
const recorded = new Set(RECORDINGS.map(({ record }) => record));

/** What a metric is called in PromQL: histograms have three series each. */
function isKnown(name: string): boolean {
  const base = name.replace(/_(?:bucket|sum|count)$/, "");
  return recorded.has(name) || name in metrics || metrics[base]?.type === "histogram";
}

const unknownIn = (text: string): readonly string[] => namesIn(text).filter((name) => !isKnown(name));

describe("rules", () => {
  test.each([...ALERTS, ...RECORDINGS].map((rule) => ["alert" in rule ? rule.alert : rule.record, rule.expr]))(
    "%s uses metrics of the catalogue and recorded series only",
    (_name, expr) => {
      expect(unknownIn(expr)).toEqual([]);
    },
  );

  test.each(ALERTS.map((alert) => [alert.alert, alert] as const))(
    "%s has a severity somebody acts on, a summary, a description and its runbook",
    (name, { labels, annotations }) => {
      expect(["critical", "warning"]).toContain(labels["severity"]);
      expect(annotations["runbook_url"]).toBe(`deploy/runbooks/${name}.md`);
      expect(annotations["summary"]).toMatch(/\S/);
      expect(annotations["description"]).toMatch(/\S/);
    },
  );
});

describe("runbooks", () => {
  const pages = deployFiles("runbooks").filter((file) => file !== "README.md");

  test("there is one for every alert, and none for an alert that does not exist", () => {
    expect(pages.map((file) => file.replace(/\.md$/, ""))).toEqual(
      [...new Set(ALERTS.map(({ alert }) => alert))].sort(),
    );
  });

  test.each(pages)("%s says what it means, what people notice, where to look and what to do", (file) => {
    const page = deployText(`runbooks/${file}`);
    expect(page.match(/^#.*$/gm)).toEqual([
      `# ${file.replace(/\.md$/, "")}`,
      "## Meaning",
      "## Impact",
      "## First look",
      "## Fix",
    ]);
  });

  test.each(pages)("%s links pages and names metrics that exist", (file) => {
    const page = deployText(`runbooks/${file}`);
    const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
    expect(links.filter((target) => !pages.includes(target))).toEqual([]);
    expect(unknownIn(page)).toEqual([]);
  });

  test.each(pages)("%s asks the control API only for what it has", (file) => {
    const reference = deployText("../docs/control-api.md");
    const paths = [...deployText(`runbooks/${file}`).matchAll(/\/v1\/([a-z-]+)/g)].map(([path]) => path);
    expect(paths.filter((path) => !reference.includes(path))).toEqual([]);
  });
});

describe("generated files", () => {
  test.each([...generatedFiles()])(
    "%s is as its source makes it (npm run generate -w packages/monitoring)",
    (path, text) => {
      const committed = deployText(`monitoring/${path}`);
      if (path.endsWith(".json")) expect(JSON.parse(committed)).toEqual(JSON.parse(text));
      else expect(committed.replaceAll(/\s+/g, " ")).toBe(text.replaceAll(/\s+/g, " "));
    },
  );

  test("no dashboard lies there that nothing makes", () => {
    expect(deployFiles("monitoring/dashboards")).toEqual(DASHBOARDS.map(({ name }) => `${name}.json`).sort());
  });
});

describe("dashboards", () => {
  const queries = DASHBOARDS.flatMap(({ title, rows }) =>
    rows.flatMap(({ panels }) =>
      panels.flatMap((panel) => panel.queries.map(({ expr }) => [`${title}: ${panel.title}`, expr] as const)),
    ),
  );

  test.each(queries)("%s uses metrics of the catalogue and recorded series only", (_panel, expr) => {
    expect(unknownIn(expr)).toEqual([]);
  });
});
