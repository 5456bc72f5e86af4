import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { CHART, helm } from "./helm-program.ts";

/** One rendered object, with the fields every object has. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads a few fields of thirty kinds; the strict schema check types the whole.
  readonly [field: string]: any;
}

const CI = join(CHART, "ci");

/** The topologies the chart is tested with: `trial`, `carrier-grade`, … */
export const CASES = readdirSync(CI)
  .filter((name) => name.endsWith("-values.yaml"))
  .map((name) => name.slice(0, -"-values.yaml".length));

export const valuesFile = (name: string): string => join(CI, `${name}-values.yaml`);

/** Renders the chart as `helm install tandem --namespace voice` would. */
export async function render(...args: readonly string[]): Promise<readonly Manifest[]> {
  const { code, stdout, stderr } = await helm("template", "tandem", CHART, "--namespace", "voice", ...args);
  if (code !== 0) throw new Error(stderr);
  return readManifests(stdout);
}

/** What Helm says when it refuses. */
export async function refusal(...args: readonly string[]): Promise<string> {
  const { code, stderr } = await helm("template", "tandem", CHART, "--namespace", "voice", ...args);
  return code === 0 ? "" : stderr;
}

const rendered = new Map<string, Promise<readonly Manifest[]>>();

/** The manifests of a case, rendered once. */
export function manifestsOf(name: string): Promise<readonly Manifest[]> {
  const known = rendered.get(name) ?? render("--values", valuesFile(name));
  rendered.set(name, known);
  return known;
}

export function readManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    if ("errors" in document && document.errors.length > 0) throw new Error(document.errors.join("\n"));
    const value = document.toJS() as Manifest | null;
    return value === null ? [] : [value];
  });
}

export function find(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name === name);
  if (found !== undefined) return found;
  const names = manifests.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name);
  throw new Error(`no ${kind} ${name}; there are: ${names.join(", ")}`);
}

export const ofKind = (manifests: readonly Manifest[], ...kinds: readonly string[]): readonly Manifest[] =>
  manifests.filter(({ kind }) => kinds.includes(kind));

/** Environment of a container by name; a value from elsewhere as `{ valueFrom }`. */
export function environment(workload: Manifest, container: string): Readonly<Record<string, unknown>> {
  const found = podSpec(workload).containers.find(({ name }: { readonly name: string }) => name === container);
  if (found === undefined) throw new Error(`${workload.metadata.name} has no container ${container}`);
  return Object.fromEntries(
    (found.env ?? []).map((one: { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }) => [
      one.name,
      one.value ?? { valueFrom: one.valueFrom },
    ]),
  );
}

// oxlint-disable-next-line typescript/no-explicit-any -- as above.
export const podSpec = (workload: Manifest): any =>
  workload.kind === "Pod" ? workload["spec"] : workload["spec"].template.spec;

/** Workloads that make pods. */
export const workloads = (manifests: readonly Manifest[]): readonly Manifest[] =>
  ofKind(manifests, "Deployment", "DaemonSet", "StatefulSet", "Pod");
