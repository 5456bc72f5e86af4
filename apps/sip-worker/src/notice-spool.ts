import { join } from "node:path";
import type { NoticeSpool } from "@tandem/call-control";
import type { EmergencyNotice } from "@tandem/domain";
import { createFileSpool } from "./file-spool.ts";

/** Notices of emergency calls on disk, in a folder of their own. */
export function createNoticeSpool(directory: string): NoticeSpool {
  return createFileSpool<EmergencyNotice>(join(directory, "notices"), ({ callId }) => callId);
}
