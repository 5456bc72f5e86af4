/** The last of a list that a test knows to have one. */
export function last<T>(list: readonly T[]): T {
  const found = list.at(-1);
  if (found === undefined) throw new Error("nothing there");
  return found;
}
