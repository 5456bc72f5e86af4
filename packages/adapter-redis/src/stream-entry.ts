/** An entry as Redis gives it: its place, and names and values in turn. */
export type StreamEntry = readonly [streamId: string, fields: readonly string[]];

/** The value of a field, wherever it stands: another release may write others before it. Empty where there is none. */
export function fieldOf([, fields]: StreamEntry, name: string): string {
  for (let index = 0; index + 1 < fields.length; index += 2) {
    if (fields[index] === name) return fields[index + 1] ?? "";
  }
  return "";
}

/** When Redis took the entry (epoch ms): it begins its place with that. */
export function takenMs([streamId]: StreamEntry): number {
  return Number.parseInt(streamId, 10);
}
