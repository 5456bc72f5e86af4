import type { Manifest } from "./manifests.ts";

/** npm packages with the compiled schemas of each API group; groups of Kubernetes itself are in `kubernetes-models`. */
const PACKAGES: Readonly<Record<string, string>> = {
  "cert-manager.io": "@kubernetes-models/cert-manager",
  "keda.sh": "@kubernetes-models/keda",
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
};

interface Model {
  readonly prototype: { validate(this: unknown): void };
}

/**
 * What is wrong with a manifest, as the API server would say with strict field validation; empty: nothing. The compiled schemas let unknown fields pass, but
 * they look at every field they know: what they never looked at is unknown.
 */
export async function schemaProblems(manifest: Manifest): Promise<readonly string[]> {
  const model = await modelOf(manifest);
  const seen = new Map<object, Set<string>>();
  const unknown: string[] = [];
  try {
    model.prototype.validate.call(watched(manifest, seen));
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  collectUnread(manifest, "", { seen, unknown });
  return unknown;
}

async function modelOf({ apiVersion, kind }: Manifest): Promise<Model> {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  const path = `${PACKAGES[group] ?? "kubernetes-models"}/${apiVersion}/${kind}`;
  const loaded = (await import(path)) as Readonly<Record<string, Model>>;
  const model = loaded[kind];
  if (model === undefined) throw new Error(`no schema for ${apiVersion} ${kind}`);
  return model;
}

/** The value, remembering which keys of its objects were asked for. An object whose keys were listed is a map: all of its keys are known. */
function watched<T>(value: T, seen: Map<object, Set<string>>): T {
  if (typeof value !== "object" || value === null) return value;
  const keys = seen.get(value) ?? new Set<string>();
  seen.set(value, keys);
  return new Proxy(value, {
    get(target, key) {
      if (typeof key === "string") keys.add(key);
      return watched(Reflect.get(target, key) as unknown, seen);
    },
    ownKeys(target) {
      for (const key of Object.keys(target)) keys.add(key);
      return Reflect.ownKeys(target);
    },
  });
}

interface Findings {
  readonly seen: ReadonlyMap<object, ReadonlySet<string>>;
  readonly unknown: string[];
}

function collectUnread(value: unknown, path: string, findings: Findings): void {
  if (typeof value !== "object" || value === null) return;
  const read = findings.seen.get(value);
  // An object nobody looked into is free-form, such as a raw extension.
  if (read === undefined || read.size === 0) return;
  for (const [key, inner] of Object.entries(value)) {
    if (!Array.isArray(value) && !read.has(key)) findings.unknown.push(`unknown field ${path}/${key}`);
    else collectUnread(inner, `${path}/${key}`, findings);
  }
}
