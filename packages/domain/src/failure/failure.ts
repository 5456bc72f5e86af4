/**
 * The failure catalogue's codes; the table (SIP, Q.850, HTTP, whose fault, next trunk) is in catalogue.ts.
 * Codes are stable and never reused.
 */
export type FailureCode = string;

/** An expected failure at a port or in a decision. `detail` is for logs and must hold no personal data. */
export interface Failure {
  readonly code: FailureCode;
  readonly detail: string;
  readonly cause?: unknown;
}
