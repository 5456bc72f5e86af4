import type { CallWrite } from "@tandem/call-control";

export const NOW_MS = 1_800_000_000_000;
export const HOUR_MS = 3_600_000;

/** A record that is due in an hour, as far as nothing else is said. */
export function write(call: Partial<CallWrite> & Pick<CallWrite, "callId">): CallWrite {
  return { document: "{}", deadlineMs: NOW_MS + HOUR_MS, trunks: [], ...call };
}
