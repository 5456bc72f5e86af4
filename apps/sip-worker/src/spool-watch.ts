import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@tandem/call-control";

/** How often the directory is tried, milliseconds. */
const TRY_MS = 60_000;

/** Why nothing can be kept in the directory, as the system's error code; null: something can. A missing directory is made. */
export async function whyNotWritable(directory: string): Promise<string | null> {
  // Workers of one host may share the directory, and in containers they have the same process number.
  const file = join(directory, `${randomUUID()}.try`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(file, "try", { mode: 0o600 });
    await rm(file);
    return null;
  } catch (error) {
    await rm(file, { force: true }).catch(() => undefined);
    return error instanceof Error && "code" in error ? String(error.code) : "unknown";
  }
}

export interface SpoolWatchParts {
  readonly clock: Clock;
  /** `whyNotWritable` of the directory. */
  readonly look: () => Promise<string | null>;
  /** Told the first answer and every other one. */
  readonly onChange: (fault: string | null) => void;
}

/**
 * Tries at once and every minute whether the spool can be written, until the returned function is called. A worker whose spool cannot be written starts all the
 * same: it serves emergency calls, and needs the disk only while Redis is away. But somebody must know before that.
 */
export function watchSpool({ clock, look, onChange }: SpoolWatchParts): () => void {
  let known: string | null | undefined;
  let stopped = false;
  let cancel = (): void => undefined;
  const round = async (): Promise<void> => {
    const fault = await look();
    if (stopped) return;
    if (fault !== known) onChange(fault);
    known = fault;
    cancel = clock.after(TRY_MS, () => void round());
  };
  void round();
  return () => {
    stopped = true;
    cancel();
  };
}
