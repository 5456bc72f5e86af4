import type { Failure } from "@tandem/domain";

const ARGUMENTS = /,? with args beginning with:[\s\S]*$/;
const DETAIL_LIMIT = 160;

/**
 * Translates whatever the client threw. The cause is rebuilt from name and message alone: the client's own error objects carry the command's
 * arguments, and those hold call records.
 */
export function storeFailure(operation: string, thrown: unknown): Failure {
  const name = thrown instanceof Error ? thrown.name : "unknown";
  const message = thrown instanceof Error ? thrown.message.replace(ARGUMENTS, "").slice(0, DETAIL_LIMIT) : "";
  return { code: "store-unavailable", detail: `${operation}: ${name} ${message}`, cause: { name, message } };
}

/** More commands are waiting than the process will hold; nothing was sent. */
export function storeOverloaded(operation: string): Failure {
  return { code: "store-unavailable", detail: `${operation}: too many commands are waiting for Redis` };
}

/** No reply in time; the command may still take effect. */
export function storeTimeout(operation: string, afterMs: number): Failure {
  return { code: "store-unavailable", detail: `${operation}: no reply within ${String(afterMs)} ms` };
}
