import type { FailureCode } from "./catalogue.ts";

export type { FailureCode } from "./catalogue.ts";

/** An expected failure at a port or in a decision. `detail` is for logs and must hold no personal data. */
export interface Failure {
  readonly code: FailureCode;
  readonly detail: string;
  readonly cause?: unknown;
}
