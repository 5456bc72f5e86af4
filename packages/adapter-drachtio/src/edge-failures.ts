import type { Failure, FailureCode } from "@tandem/domain";
import type { ClientFailure } from "@tandem/sip-endpoint";

/** No edge of the pool is connected. */
export function noEdge(pool: string): Failure {
  return { code: "edge-unavailable", detail: `no edge of pool ${pool} is connected` };
}

/** The edge that held the transaction is not connected (any more). */
export function edgeLost(edge: string): Failure {
  return { code: "edge-lost", detail: `edge ${edge} is not connected` };
}

/** The edge sent something that cannot be understood. */
export function edgeSpokeNonsense(detail: string): Failure {
  return { code: "protocol-error", detail };
}

const CODE_BY_REASON: ReadonlyMap<string, FailureCode> = new Map<string, FailureCode>([
  ["timeout", "peer-timeout"],
  ["transport", "transport-failure"],
  ["unresolved", "resolve-failure"],
  ["cancelled", "caller-cancelled"],
  ["transaction-over", "call-gone"],
  ["closing", "edge-unavailable"],
  ["superseded", "superseded"],
]);

/** A kind of transport failure, so that workers of an older release, which know no kinds, go on with the next trunk all the same. */
const TLS = "transport: tls";

/** The words for a failure that `fromEdgeReason` reads. */
export function edgeReason({ reason }: ClientFailure): string {
  return reason === "tls" ? TLS : reason;
}

/** A failure the edge named by its reason word: the start of a `NOK` text or the reason phrase of a response it made up. */
export function fromEdgeReason(reason: string): Failure {
  if (reason.startsWith(TLS)) return { code: "tls-failure", detail: reason };
  const end = reason.indexOf(":");
  const word = end < 0 ? reason : reason.slice(0, end);
  return { code: CODE_BY_REASON.get(word) ?? "protocol-error", detail: reason };
}
