/** How much of its bound a drain has used, 0 to 1: 0 before it began (`sinceMs` null), 1 from the bound on. */
export function boundUsed(sinceMs: number | null, nowMs: number, boundMs: number): number {
  if (sinceMs === null) return 0;
  const usedMs = Math.max(0, nowMs - sinceMs);
  return usedMs >= boundMs ? 1 : usedMs / boundMs;
}
