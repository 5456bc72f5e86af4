import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { CHART, helm } from "./support/helm-program.ts";
import { immutableFields } from "./support/immutable-fields.ts";
import { CASES, find, manifestsOf, readManifests, valuesFile, type Manifest } from "./support/manifests.ts";

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

const releasedFile = (version: string): URL => new URL(`released/${version}.json`, import.meta.url);
const { version } = parse(readFileSync(join(CHART, "Chart.yaml"), "utf8")) as { readonly version: string };

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

describe(`what was released as ${version}`, () => {
  const released = JSON.parse(readFileSync(releasedFile(version), "utf8")) as Readonly<
    Record<string, Readonly<Record<string, unknown>>>
  >;

  it.each(CASES.filter((name) => name in released))(
    "%s: every object that is still there kept what cannot be changed",
    async (name) => {
      const now = immutableFields(await manifestsOf(name));
      const before = released[name] ?? {};
      const both = Object.keys(before).filter((each) => each in now);
      expect(both.length).toBeGreaterThan(10);
      for (const each of both) expect(now[each], each).toEqual(before[each]);
    },
  );

  it.each(CASES.filter((name) => name in released))(
    "%s: no workload, volume or name to connect to went away",
    async (name) => {
      const now = immutableFields(await manifestsOf(name));
      const gone = Object.keys(released[name] ?? {}).filter(
        (each) => /^(Deployment|StatefulSet|DaemonSet|Service|PriorityClass)\//.test(each) && !(each in now),
      );
      expect(gone).toEqual([]);
    },
  );
});
