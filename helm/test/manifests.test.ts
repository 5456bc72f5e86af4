import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { CHART, helm, notesWith } from "./support/helm-program.ts";
import { CASES, manifestsOf, ofKind, valuesFile, type Manifest } from "./support/manifests.ts";
import { schemaProblems } from "./support/strict-schema.ts";

describe("the strict schema check", () => {
  const service = (spec: object): Manifest => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "s", labels: { any: "thing" } },
    spec,
  });
  const good = { ports: [{ port: 1, targetPort: "x" }], selector: { free: "form" } };

  it.each([
    ["a good manifest", service(good), []],
    ["a misspelt field", service({ ...good, selektor: {} }), ["unknown field /spec/selektor"]],
    [
      "a misspelt field in a list",
      service({ ports: [{ port: 1, protokol: "UDP" }] }),
      ["unknown field /spec/ports/0/protokol"],
    ],
    ["a wrong type", service({ ports: [{ port: "one" }] }), [expect.stringContaining("integer")]],
    ["a missing field", service({ ports: [{ name: "x" }] }), [expect.stringContaining("port")]],
  ])("%s", async (_name, manifest, problems) => {
    expect(await schemaProblems(manifest)).toEqual(problems);
  });
});

describe("the package", () => {
  it("holds the examples that the README and the sentences name", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tandem-package-"));
    try {
      expect((await helm("package", CHART, "--destination", folder)).code).toBe(0);
      const [archive] = readdirSync(folder);
      // Names stand in a tar archive as they are.
      const text = gunzipSync(readFileSync(join(folder, archive ?? ""))).toString("latin1");
      for (const name of CASES) expect(text).toContain(`tandem/ci/${name}-values.yaml`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe.each(CASES)("with ci/%s-values.yaml", (name) => {
  let manifests: readonly Manifest[];
  beforeAll(async () => {
    manifests = await manifestsOf(name);
  });

  it("helm lint --strict has nothing to say", async () => {
    const { code, stdout, stderr } = await helm("lint", "--strict", CHART, "--values", valuesFile(name));
    expect(code === 0 ? "" : stdout + stderr).toBe("");
  });

  it("every manifest fits its schema, without a field too many", async () => {
    const found = await Promise.all(
      manifests.map(async (manifest) => {
        const problems = await schemaProblems(manifest);
        return problems.map((problem) => `${manifest.kind} ${manifest.metadata.name}: ${problem}`);
      }),
    );
    expect(found.flat()).toEqual([]);
  });

  it("no two objects of a kind share a name, and all but cluster-wide ones are in the release's namespace", () => {
    const names = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(names.filter((each, at) => names.indexOf(each) !== at)).toEqual([]);
    const elsewhere = manifests.filter(
      ({ kind, metadata }) => kind !== "PriorityClass" && metadata.namespace !== "voice",
    );
    expect(elsewhere).toEqual([]);
  });

  it("every selector of a Service, budget, monitor or policy finds pods of the release", () => {
    const pods = ofKind(manifests, "Deployment", "DaemonSet", "StatefulSet", "Pod").map(
      (each) => (each.kind === "Pod" ? each.metadata : each["spec"].template.metadata).labels as Record<string, string>,
    );
    const finds = (selector: Record<string, string>): boolean =>
      pods.some((labels) => Object.entries(selector).every(([key, value]) => labels[key] === value));
    const selectors = [
      ...ofKind(manifests, "Service").map((each) => [each, each["spec"].selector] as const),
      ...ofKind(manifests, "PodDisruptionBudget").map((each) => [each, each["spec"].selector.matchLabels] as const),
      ...ofKind(manifests, "NetworkPolicy").map((each) => [each, each["spec"].podSelector.matchLabels] as const),
    ];
    expect(
      selectors.filter(([, selector]) => !finds(selector)).map(([each]) => `${each.kind} ${each.metadata.name}`),
    ).toEqual([]);
  });

  it("every port of a Service is one of the pods it finds, by name and protocol", () => {
    const pods = ofKind(manifests, "Deployment", "DaemonSet", "StatefulSet").map(({ spec }) => ({
      labels: spec.template.metadata.labels as Readonly<Record<string, string>>,
      ports: spec.template.spec.containers.flatMap(
        ({ ports = [] }: { ports?: readonly Port[] }) => ports,
      ) as readonly Port[],
    }));
    const missing = ofKind(manifests, "Service").flatMap(({ metadata, spec }) => {
      const found = pods.filter(({ labels }) =>
        Object.entries(spec.selector).every(([key, value]) => labels[key] === value),
      );
      const offered = new Set(
        found.flatMap(({ ports }) => ports).map((port) => `${port.name}/${port.protocol ?? "TCP"}`),
      );
      return (spec.ports as readonly ServicePort[])
        .map(({ targetPort, protocol = "TCP" }) => `${targetPort}/${protocol}`)
        .filter((port) => !offered.has(port))
        .map((port) => `${metadata.name} ${port}`);
    });
    expect(missing).toEqual([]);
  });

  it("a container's ports have names of their own, as short as Kubernetes wants them", () => {
    for (const { metadata, spec } of ofKind(manifests, "Deployment", "DaemonSet")) {
      for (const { ports = [] } of spec.template.spec.containers as readonly { ports?: readonly Port[] }[]) {
        const names = ports.map((port) => port.name);
        expect(new Set(names).size, metadata.name).toBe(names.length);
        for (const each of names) expect(each, metadata.name).toMatch(/^[a-z0-9-]{1,15}$/);
      }
    }
  });

  it("the notes tell the next three commands", async () => {
    const notes = await notesWith("--values", valuesFile(name));
    for (const command of [
      /1\. .*\n\n +kubectl --namespace voice rollout status/,
      /2\. .*\n\n +helm test tandem --namespace voice --logs/,
      /3\. .*\n\n +kubectl --namespace voice port-forward service\/tandem-control-api/,
    ])
      expect(notes).toMatch(command);
    const kinds = new Set(
      ofKind(await manifestsOf(name), "Deployment", "DaemonSet").map(({ kind }) => kind.toLowerCase()),
    );
    const waitedFor = /rollout status (\S+) --selector/.exec(notes)?.[1]?.split(",");
    expect(waitedFor?.sort()).toEqual([...kinds].sort());
  });
});

interface Port {
  readonly name: string;
  readonly protocol?: string;
}

interface ServicePort {
  readonly targetPort: string;
  readonly protocol?: string;
}
