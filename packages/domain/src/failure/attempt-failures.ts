import { ownFault, peerFault, peerRefusal, peopleDecided, row, unclear } from "./failure-entry.ts";

const peerSilent = { ...peerFault, outcome: "indeterminate" } as const;
const ownAttempt = { ...ownFault, tryNextTrunk: true } as const;

/** How one attempt on one trunk ended: the peer's answers and the ways of getting none. */
export const attemptFailures = {
  busy: row("486 Busy Here", [17, 409], peopleDecided, "The called party is busy."),
  "busy-everywhere": row("600 Busy Everywhere", [17, 409], peopleDecided, "The called party is busy everywhere."),
  declined: row("603 Decline", [21, 409], peopleDecided, "The called party declined."),
  "ring-timeout": row("480 Temporarily Unavailable", [19, 504], peopleDecided, "Nobody answered in time."),
  "invite-expired": row(
    "487 Request Terminated",
    [19, 504],
    peopleDecided,
    "Nobody answered in the time that the INVITE gave (Expires, RFC 3261 §13.3.1).",
  ),
  "called-unavailable": row(
    "480 Temporarily Unavailable",
    [20, 409],
    peopleDecided,
    "The called party is not reachable.",
  ),
  "caller-cancelled": row("487 Request Terminated", [16, 499], peopleDecided, "The caller gave up before the answer."),
  "number-unallocated": row("404 Not Found", [1, 404], peerRefusal, "The peer knows no such number."),
  "number-changed": row("410 Gone", [22, 410], peerRefusal, "The number has changed."),
  "number-incomplete": row("484 Address Incomplete", [28, 422], peerRefusal, "The peer wants more digits."),
  "number-ambiguous": row("485 Ambiguous", [1, 422], peerRefusal, "The peer found several for this number."),
  "media-not-acceptable": row("488 Not Acceptable Here", [88, 422], peerRefusal, "No common media."),
  "peer-unauthorised": row("403 Forbidden", [21, 502], peerRefusal, "The peer asked for credentials Tandem has not."),
  "peer-forbidden": row("403 Forbidden", [21, 502], peerRefusal, "The peer forbids the call."),
  "peer-refused": row("500 Server Internal Error", [127, 502], peerRefusal, "The peer refused with another 4xx."),
  "peer-refused-everywhere": row("603 Decline", [21, 502], peerRefusal, "The peer refused with another 6xx."),
  "peer-redirected": row("480 Temporarily Unavailable", [20, 502], peerRefusal, "The peer redirected; not followed."),
  "peer-loop": row("482 Loop Detected", [25, 508], peerRefusal, "A peer further on saw a loop (482, 483)."),
  "peer-error": row("500 Server Internal Error", [41, 502], peerFault, "The peer failed (5xx)."),
  "peer-unavailable": row("503 Service Unavailable", [34, 503], peerFault, "The peer cannot take calls now (503)."),
  "peer-timeout": row("504 Server Time-out", [102, 504], peerSilent, "The peer, or one behind it, got no answer."),
  "progress-timeout": row("504 Server Time-out", [102, 504], peerSilent, "No 18x within the progress time."),
  "connect-timeout": row("504 Server Time-out", [102, 504], peerFault, "No answer at all within the connect time."),
  "transport-failure": row("503 Service Unavailable", [27, 502], peerFault, "The connection failed or was refused."),
  "tls-failure": row(
    "503 Service Unavailable",
    [27, 502],
    peerFault,
    "TLS was refused, or the certificate is untrusted, expired or of another name (RFC 5922).",
  ),
  "resolve-failure": row("503 Service Unavailable", [27, 502], peerFault, "The peer's name has no address."),
  "edge-unavailable": row(
    "503 Service Unavailable",
    [41, 503],
    ownAttempt,
    "No edge of the trunk's pool is reachable.",
  ),
  "trunk-full": row("503 Service Unavailable", [34, 503], peerFault, "The trunk was full when its turn came."),
  "trunk-too-fast": row("503 Service Unavailable", [42, 429], peerFault, "The trunk's rate was used up at its turn."),
  "all-trunks-failed": row(
    "503 Service Unavailable",
    [34, 502],
    { ...peerFault, tryNextTrunk: false },
    "Every trunk was tried; none took the call and none gave a better answer.",
  ),
  "answered-elsewhere": row("487 Request Terminated", [26, 409], peopleDecided, "Another branch answered first."),
  "edge-lost": row(
    "503 Service Unavailable",
    [41, 503],
    { ...unclear, tryNextTrunk: true },
    "The edge died meanwhile.",
  ),
  superseded: row(
    "503 Service Unavailable",
    [41, 503],
    unclear,
    "Another worker sent the same request again; its answers go there.",
  ),
} as const;
