/** `["trunks", 3, "probe", "interval"]` as `trunks[3].probe.interval`; the empty path is the document itself. */
export function formatPath(segments: readonly PropertyKey[]): string {
  const text = segments.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return text === "" ? "document" : text.replace(/^\./, "");
}

/** What stands at a path of a plain value; undefined when there is nothing. */
export function valueAt(root: unknown, segments: readonly PropertyKey[]): unknown {
  let value = root;
  for (const segment of segments) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[segment];
  }
  return value;
}

/** Puts a value at a path whose parent exists; false when there is no such parent. */
export function setValueAt(root: unknown, segments: readonly PropertyKey[], value: unknown): boolean {
  const parent = valueAt(root, segments.slice(0, -1));
  const key = segments.at(-1);
  if (key === undefined || typeof parent !== "object" || parent === null) return false;
  (parent as Record<PropertyKey, unknown>)[key] = value;
  return true;
}

/** Takes away what stands at a path. An element of a list stays, empty, so that the others keep their places. */
export function removeAt(root: unknown, segments: readonly PropertyKey[]): void {
  const parent = valueAt(root, segments.slice(0, -1));
  const key = segments.at(-1);
  if (key === undefined || typeof parent !== "object" || parent === null) return;
  if (Array.isArray(parent)) parent[Number(key)] = {};
  else delete (parent as Record<PropertyKey, unknown>)[key];
}
