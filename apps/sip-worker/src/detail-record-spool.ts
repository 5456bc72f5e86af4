import type { DetailRecordSpool, UnfinishedCall } from "@tandem/call-control";
import { createFileSpool, type OnBadFile } from "./file-spool.ts";

/** Finished calls on disk. */
export function createDetailRecordSpool(directory: string, onBad: OnBadFile): DetailRecordSpool {
  return createFileSpool<UnfinishedCall>(directory, { nameOf: ({ call }) => call.callId, onBad });
}
