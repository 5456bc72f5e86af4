/** Ends an exhaustive switch: a new arm of the union breaks the build here. */
export function assertNever(value: never): never {
  throw new TypeError(`unhandled variant: ${JSON.stringify(value)}`);
}
