/**
 * Whose fault a failed call is. `success` means the network did its work and people decided the end (busy, declined, no answer, caller
 * hung up); `client-error` the requester; `upstream-error` the peer the call was sent to; `server-error` Tandem; `indeterminate` cannot be told.
 */
export const outcomes = ["success", "client-error", "upstream-error", "server-error", "indeterminate"] as const;
export type Outcome = (typeof outcomes)[number];

/** The judgement that several failures share: fault, and who may try again. */
export interface FailureVerdict {
  readonly outcome: Outcome;
  /** Another trunk may be tried after an attempt ended like this (emergency calls ignore this: see trunks/next-trunk.ts). */
  readonly tryNextTrunk: boolean;
  /** The requester may send the same request again, provided no INVITE left Tandem for it. */
  readonly callerMayRetry: boolean;
  /** `shown`: the reason may be told to the requester; `internal`: the requester gets the bare status. */
  readonly report: "shown" | "internal";
  /** Retry-After in seconds that goes with the response; null: none. */
  readonly retryAfterS: number | null;
}

/** One row of the catalogue: what every face of Tandem says about a failure. */
export interface FailureEntry extends FailureVerdict {
  /** SIP response status, 400–699. */
  readonly sip: number;
  readonly sipReason: string;
  /** ITU-T Q.850 cause, 1–127. */
  readonly q850: number;
  /** HTTP status of the control API. */
  readonly http: number;
  readonly description: string;
}

/** The requester asked for something it may not have or that does not exist; asking again changes nothing. */
export const requesterFault: FailureVerdict = {
  outcome: "client-error",
  tryNextTrunk: false,
  callerMayRetry: false,
  report: "shown",
  retryAfterS: null,
};

/** The requester may correct its request (or wait a moment) and send it again. */
export const correctable: FailureVerdict = { ...requesterFault, callerMayRetry: true };

/** People decided: the call failed, the network did not. */
export const peopleDecided: FailureVerdict = { ...requesterFault, outcome: "success" };

/** The peer of this attempt cannot take the call; another way may. */
export const peerFault: FailureVerdict = {
  outcome: "upstream-error",
  tryNextTrunk: true,
  callerMayRetry: true,
  report: "shown",
  retryAfterS: null,
};

/** The peer refused for a reason that holds on every way. */
export const peerRefusal: FailureVerdict = { ...peerFault, tryNextTrunk: false, callerMayRetry: false };

/** Tandem has no room or no way now; later it may. */
export const busyNow: FailureVerdict = {
  outcome: "server-error",
  tryNextTrunk: false,
  callerMayRetry: true,
  report: "shown",
  retryAfterS: 5,
};

/** Something inside Tandem broke. */
export const ownFault: FailureVerdict = {
  outcome: "server-error",
  tryNextTrunk: false,
  callerMayRetry: true,
  report: "internal",
  retryAfterS: null,
};

/** It cannot be told who failed. */
export const unclear: FailureVerdict = {
  outcome: "indeterminate",
  tryNextTrunk: false,
  callerMayRetry: false,
  report: "shown",
  retryAfterS: null,
};

/** Builds one row. `sip` is "status reason"; `q850` and `http` are numbers in that order. */
export function row(
  sip: `${number} ${string}`,
  codes: readonly [q850: number, http: number],
  verdict: FailureVerdict,
  description: string,
): FailureEntry {
  const space = sip.indexOf(" ");
  return {
    sip: Number(sip.slice(0, space)),
    sipReason: sip.slice(space + 1),
    q850: codes[0],
    http: codes[1],
    ...verdict,
    description,
  };
}
