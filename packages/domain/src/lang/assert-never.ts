/** Ends an exhaustive switch: a new arm of the union breaks the build here. The error names the variant and nothing in it: that may be personal. */
export function assertNever(value: never): never {
  const { kind } = Object(value) as { readonly kind?: unknown };
  throw new TypeError(`unhandled variant: ${typeof kind === "string" ? kind : typeof value}`);
}
