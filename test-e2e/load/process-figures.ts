import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks per second of /proc/<pid>/stat on Linux: fixed at 100 for user space. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4_096;

interface Stat {
  readonly parent: number;
  readonly cpuTicks: number;
  readonly rssPages: number;
}

/** CPU time a process has used since its start, all threads, user and system, milliseconds. 0 when it is gone. */
export function cpuMs(pid: number): number {
  return ((readStat(pid)?.cpuTicks ?? 0) * 1_000) / TICKS_PER_SECOND;
}

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  return (readStat(pid)?.rssPages ?? 0) * PAGE_BYTES;
}

/** A process and everything it started that still runs. */
export function withDescendants(pid: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync("/proc")) {
    const stat = /^\d+$/.test(entry) ? readStat(Number(entry)) : null;
    if (stat !== null) parents.set(Number(entry), stat.parent);
  }
  const found = [pid];
  for (const known of found) {
    for (const [child, parent] of parents) if (parent === known) found.push(child);
  }
  return found;
}

function readStat(pid: number): Stat | null {
  try {
    // The name in parentheses may hold blanks: fields count from behind it. Numbers are those of proc(5), less three.
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text
      .slice(text.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    return { parent: fields[1] ?? 0, cpuTicks: (fields[11] ?? 0) + (fields[12] ?? 0), rssPages: fields[21] ?? 0 };
  } catch {
    return null;
  }
}
