/** `HH:MM:SS.uuuuuu` in UTC, as drachtio-server writes it. */
export function stackTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(11, 23)}000`;
}
