import { correctable, ownFault, peerFault, peopleDecided, requesterFault, row, unclear } from "./failure-entry.ts";

const ended = { ...ownFault, outcome: "success", callerMayRetry: false, report: "shown" } as const;
const lost = { ...ownFault, callerMayRetry: false } as const;
const peerGone = { ...unclear, outcome: "upstream-error" } as const;

/** Failures inside a dialog, and unusual ends of an established call. */
export const sessionFailures = {
  "call-gone": row("481 Call/Transaction Does Not Exist", [41, 404], requesterFault, "No such call or dialog."),
  "request-pending": row("491 Request Pending", [127, 409], correctable, "Another offer is open (glare)."),
  "answer-pending": row(
    "500 Server Internal Error",
    [127, 409],
    { ...correctable, retryAfterS: 1 },
    "A request of the same side is not answered yet (RFC 3261 §14.2).",
  ),
  "out-of-order": row("500 Server Internal Error", [127, 409], requesterFault, "CSeq lower than the last one."),
  "session-interval-too-small": row("422 Session Interval Too Small", [127, 422], correctable, "Below Min-SE."),
  "bad-refer": row("400 Bad Request", [95, 400], requesterFault, "Refer-To is missing, doubled or not a SIP URI."),
  "refer-refused": row("603 Decline", [21, 403], requesterFault, "This trunk may not transfer calls."),
  "transfer-limit-reached": row(
    "603 Decline",
    [21, 429],
    requesterFault,
    "A call was transferred as often as one may be.",
  ),
  "feature-refused": row("403 Forbidden", [21, 403], requesterFault, "Not allowed during an emergency call."),
  "replaced-call-gone": row(
    "481 Call/Transaction Does Not Exist",
    [41, 404],
    requesterFault,
    "Replaces names no call.",
  ),
  "replaced-call-declined": row(
    "603 Decline",
    [21, 409],
    requesterFault,
    "The replaced dialog has ended (RFC 3891 §3).",
  ),
  "transfer-failed": row("503 Service Unavailable", [41, 502], peerFault, "The transfer target could not be reached."),
  "ack-timeout": row("408 Request Timeout", [102, 504], peerGone, "No ACK came for the 200 (RFC 3261 §13.3.1.4)."),
  "prack-timeout": row("504 Server Time-out", [102, 504], peerGone, "No PRACK came (RFC 3262 §3)."),
  "session-expired": row(
    "408 Request Timeout",
    [102, 504],
    peerGone,
    "No session refresh came in time (RFC 4028 §10).",
  ),
  "dialog-rejected": row(
    "481 Call/Transaction Does Not Exist",
    [41, 404],
    peerGone,
    "A peer no longer knows the dialog.",
  ),
  "worker-lost": row("503 Service Unavailable", [41, 503], lost, "The worker died and nobody could go on."),
  "node-lost": row("503 Service Unavailable", [41, 503], lost, "The node died and nobody could go on."),
  "state-lost": row("481 Call/Transaction Does Not Exist", [41, 500], lost, "The call's record cannot be read."),
  preempted: row("487 Request Terminated", [8, 409], ended, "Ended to make room for an emergency call."),
  "replaced-by-call": row("487 Request Terminated", [16, 409], peopleDecided, "Another call took its place."),
} as const;
