import type { Failure, Result } from "@tandem/domain";
import type { Unwatch } from "./cluster-state.ts";

/** Something the controller wants sent, which only workers can send. */
export interface Errand {
  readonly id: string;
  /** Pool whose worker does it. */
  readonly pool: string;
  /** Trunk it leaves by. */
  readonly trunk: string;
  readonly timeoutMs: number;
  readonly task:
    /** A SIP MESSAGE (RFC 3428). Header and body text are Unicode. */
    | {
        readonly kind: "message";
        readonly uri: string;
        readonly headers: readonly (readonly [string, string])[];
        readonly contentType: string;
        readonly body: string;
      }
    /** An OPTIONS to the last hop. */
    | { readonly kind: "options" }
    /** A call to a test number that is ended as soon as it is answered. */
    | { readonly kind: "test-call"; readonly number: string };
}

export interface ErrandResult {
  readonly id: string;
  readonly outcome: "answered" | "timeout" | "unreachable";
  /** Status of the final response. */
  readonly code: number | null;
  readonly roundTripMs: number;
}

/** Errands to workers of a pool: exactly one takes each. One that nobody took or answered in time fails with `worker-lost`. */
export interface WorkerErrands {
  request(errand: Errand): Promise<Result<ErrandResult, Failure>>;
  serve(pool: string, run: (errand: Errand) => Promise<ErrandResult>): Promise<Result<Unwatch, Failure>>;
}
