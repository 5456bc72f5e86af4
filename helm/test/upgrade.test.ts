import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { CHART, helm } from "./support/helm-program.ts";
import { immutableFields } from "./support/immutable-fields.ts";
import { CASES, find, manifestsOf, readManifests, valuesFile, type Manifest } from "./support/manifests.ts";
import { obstacles, RELEASES } from "./support/released.ts";

const folder = mkdtempSync(join(tmpdir(), "tandem-chart-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The chart as it would be released next: another chart version and another application. */
function nextChart(): string {
  const next = join(folder, "tandem");
  cpSync(CHART, next, { recursive: true });
  const file = join(next, "Chart.yaml");
  const text = readFileSync(file, "utf8")
    .replace(/^version: .*$/m, "version: 99.0.0")
    .replace(/^appVersion: .*$/m, 'appVersion: "99.0.0"');
  writeFileSync(file, text);
  return next;
}

const BEFORE = { "Deployment/a": { selector: { app: "a" } }, "Service/a": { headless: false } };

describe("an upgrade", () => {
  const next = nextChart();
  const upgraded = async (name: string): Promise<readonly Manifest[]> => {
    const { stdout } = await helm("template", "tandem", next, "--namespace", "voice", "--values", valuesFile(name));
    return readManifests(stdout);
  };

  it.each(CASES)("%s: another version of the chart changes nothing that Kubernetes refuses to change", async (name) => {
    expect(immutableFields(await upgraded(name))).toEqual(immutableFields(await manifestsOf(name)));
  });

  it("restarts pods for another image, and not for another version of the chart alone", async () => {
    const controllers = await Promise.all([upgraded("carriers"), manifestsOf("carriers")]);
    const [after, before] = controllers.map((each) => find(each, "Deployment", "tandem-controller")["spec"].template);
    expect(after).toEqual(before);
    const [trialAfter] = [find(await upgraded("trial"), "Deployment", "tandem-controller")["spec"].template];
    expect(trialAfter.spec.containers[0].image).toBe("tandem-trunk-controller:99.0.0");
  });
});

describe("what was released", () => {
  it("the newest release recorded every case there is", () => {
    // A case that is not recorded is compared with nothing: npm run record-release -w helm.
    expect(Object.keys(RELEASES.at(-1)?.cases ?? {}).sort()).toEqual([...CASES].sort());
  });

  const recorded = RELEASES.flatMap(({ version, cases }) =>
    Object.entries(cases).map(([name, before]) => [version, name, before] as const),
  );

  it.each(recorded)("%s can be upgraded: %s", async (_version, name, before) => {
    expect(Object.keys(before).length).toBeGreaterThan(10);
    expect(obstacles(before, immutableFields(await manifestsOf(name)))).toEqual([]);
  });

  it.each([
    ["the same", BEFORE, []],
    ["more than there was", { ...BEFORE, "Service/b": { headless: true } }, []],
    ["another selector", { ...BEFORE, "Deployment/a": { selector: { app: "b" } } }, ["Deployment/a changed"]],
    ["a name to connect to that went away", { "Deployment/a": BEFORE["Deployment/a"] }, ["Service/a went away"]],
  ] as const)("%s", (_what, now, told) => {
    expect(obstacles(BEFORE, now)).toEqual(told);
  });
});
