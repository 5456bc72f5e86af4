/** Passes on the first of each kind of event, then at most one per `everyMs`: for complaints a client makes with every reconnect. */
export function throttled<Detail>(
  everyMs: number,
  now: () => number,
  pass: (kind: string, detail: Detail) => void,
): (kind: string, detail: Detail) => void {
  const lastMs = new Map<string, number>();
  return (kind, detail) => {
    const nowMs = now();
    if (nowMs - (lastMs.get(kind) ?? -Infinity) < everyMs) return;
    lastMs.set(kind, nowMs);
    pass(kind, detail);
  };
}
