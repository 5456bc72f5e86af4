import type { SrvRecord } from "./resolver.ts";

/**
 * SRV records in the order to try them: by priority, and within one by weighted chance (RFC 2782). `random` gives numbers in [0, 1).
 */
export function inTryingOrder(records: readonly SrvRecord[], random: () => number): readonly SrvRecord[] {
  const byPriority = new Map<number, SrvRecord[]>();
  for (const record of records) {
    const group = byPriority.get(record.priority);
    if (group === undefined) byPriority.set(record.priority, [record]);
    else group.push(record);
  }
  const priorities = [...byPriority.keys()].sort((one, other) => one - other);
  return priorities.flatMap((priority) => byWeight(byPriority.get(priority) ?? [], random));
}

function byWeight(group: readonly SrvRecord[], random: () => number): readonly SrvRecord[] {
  // RFC 2782: records of weight 0 stand first, so that they keep a small chance.
  const left = [...group].sort((one, other) => Math.min(one.weight, 1) - Math.min(other.weight, 1));
  const ordered: SrvRecord[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, record) => sum + record.weight, 0);
    const drawn = Math.floor(random() * (total + 1));
    let running = 0;
    const index = left.findIndex((record) => (running += record.weight) >= drawn);
    ordered.push(...left.splice(Math.max(index, 0), 1));
  }
  return ordered;
}
