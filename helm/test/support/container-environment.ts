import { environment, podSpec, type Manifest } from "./manifests.ts";

interface ValueFrom {
  readonly valueFrom: {
    readonly fieldRef?: { readonly fieldPath: string };
    readonly secretKeyRef?: { readonly name: string; readonly key: string };
  };
}

/** What Kubernetes would put where the manifest names a field of the pod. */
const FIELDS: Readonly<Record<string, string>> = {
  "metadata.name": "tandem-pod-7d9f-x2x4q",
  "spec.nodeName": "node-a",
  "status.hostIP": "10.0.0.7",
  "status.podIP": "10.244.1.7",
};

/** The environment a container starts with: fields of the pod and secrets filled in, `$(NAME)` replaced by variables named before it. */
export function startedWith(workload: Manifest, container: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" };
  for (const [name, given] of Object.entries(environment(workload, container))) {
    const text = typeof given === "string" ? given : filledIn(given as ValueFrom);
    found[name] = text.replaceAll(/\$\((\w+)\)/g, (whole, variable: string) => found[variable] ?? whole);
  }
  return found;
}

function filledIn({ valueFrom }: ValueFrom): string {
  const field = valueFrom.fieldRef?.fieldPath;
  if (field !== undefined) return FIELDS[field] ?? `unknown field ${field}`;
  return valueFrom.secretKeyRef?.key === "username" ? "acl-user" : "operator:0123456789abcdef0123456789abcdef";
}

/** Names of a workload's containers. */
export const containersOf = (workload: Manifest): readonly string[] =>
  podSpec(workload).containers.map(({ name }: { readonly name: string }) => name);
