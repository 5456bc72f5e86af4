import type { Manifest } from "./manifests.ts";

/** Fields that Kubernetes refuses to change, by `Kind/name`: a release that changes one cannot be upgraded to. */
export function immutableFields(manifests: readonly Manifest[]): Readonly<Record<string, unknown>> {
  const plain = manifests.filter(({ metadata }) => metadata.annotations?.["helm.sh/hook"] === undefined);
  return Object.fromEntries(plain.map((each) => [`${each.kind}/${each.metadata.name}`, fieldsOf(each)]));
}

function fieldsOf({ kind, spec, ...rest }: Manifest): unknown {
  switch (kind) {
    case "Deployment":
    case "DaemonSet":
      return { selector: spec.selector };
    case "StatefulSet":
      return {
        selector: spec.selector,
        serviceName: spec.serviceName,
        volumeClaimTemplates: spec.volumeClaimTemplates ?? [],
      };
    case "Service":
      // What selects pods could be changed, but then calls would go nowhere while old and new pods stand side by side.
      return {
        headless: spec.clusterIP === "None",
        loadBalancerClass: spec.loadBalancerClass ?? null,
        selector: spec.selector,
      };
    case "PriorityClass":
      return { value: rest["value"] };
    case "RoleBinding":
      return { roleRef: rest["roleRef"] };
    default:
      return {};
  }
}
