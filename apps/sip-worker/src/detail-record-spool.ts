import type { DetailRecordSpool, UnfinishedCall } from "@tandem/call-control";
import { createFileSpool } from "./file-spool.ts";

/** Finished calls on disk. */
export function createDetailRecordSpool(directory: string): DetailRecordSpool {
  return createFileSpool<UnfinishedCall>(directory, ({ call }) => call.callId);
}
