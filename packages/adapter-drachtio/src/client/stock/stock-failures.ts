import type { Failure, FailureCode } from "@tandem/domain";

/** Words of drachtio-server and its stack, in a `NOK` or as the reason phrase of a response they made up, and what they mean. */
const MEANINGS: readonly (readonly [RegExp, FailureCode])[] = [
  [/timeout/i, "peer-timeout"],
  [/dns error/i, "resolve-failure"],
  [/service unavailable|transport|connection error/i, "transport-failure"],
  [/unknown transaction|unable to find dialog|forking invite|dialog already exists/i, "call-gone"],
];

/** The failure as the worker knows it; what our own edge's words already told stays. */
export function stockFailure(failure: Failure): Failure {
  if (failure.code !== "protocol-error") return failure;
  const code = MEANINGS.find(([words]) => words.test(failure.detail))?.[1];
  return code === undefined ? failure : { ...failure, code };
}
