import { field } from "@tandem/runtime";

/** Variables of a process with SIP sockets about what it may not cut off when it ends. */
export const holdVariables = {
  /** Longest that emergency calls being set up are waited for when the drain's bound is reached, milliseconds. Default: as long as an edge lets an INVITE ring. */
  TANDEM_EMERGENCY_HOLD_MS: field.integer(0, 3_600_000).default(300_000),
} as const;
