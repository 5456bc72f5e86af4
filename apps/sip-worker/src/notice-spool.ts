import { join } from "node:path";
import type { NoticeSpool } from "@tandem/call-control";
import type { EmergencyNotice } from "@tandem/domain";
import { createFileSpool, type OnBadFile } from "./file-spool.ts";

/** Notices of emergency calls on disk, in a folder of their own. */
export function createNoticeSpool(directory: string, onBad: OnBadFile): NoticeSpool {
  return createFileSpool<EmergencyNotice>(join(directory, "notices"), { nameOf: ({ callId }) => callId, onBad });
}
