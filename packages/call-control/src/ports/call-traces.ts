import type { AttemptDetailRecord, CallDetailRecord } from "@tandem/domain";

/** Wants to know how each call went, once it is over. Where nobody does, there is no such port and nothing is made for it. */
export interface CallTraces {
  /** Told once the call's records are in safe keeping. Must return at once; what it throws is logged. A call whose end two workers saw may come twice, with the same ids. */
  ended(call: CallDetailRecord, attempts: readonly AttemptDetailRecord[]): void;
}
