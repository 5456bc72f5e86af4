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
