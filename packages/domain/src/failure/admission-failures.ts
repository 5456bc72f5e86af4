import { busyNow, correctable, ownFault, requesterFault, row } from "./failure-entry.ts";

const limited = { ...busyNow, outcome: "client-error" } as const;
const hurried = { ...limited, retryAfterS: 1 } as const;

/** Failures found before any trunk is tried: the request itself, its source, the route, our own readiness. */
export const admissionFailures = {
  "unknown-source": row("403 Forbidden", [21, 403], requesterFault, "No trunk has this source on this listener."),
  "trunk-disabled": row("503 Service Unavailable", [31, 409], busyNow, "The trunk it arrived on is disabled."),
  "no-route": row("404 Not Found", [3, 404], requesterFault, "No route matches the called number."),
  "no-shared-usage": row(
    "403 Forbidden",
    [57, 403],
    requesterFault,
    "Routes match, but the ingress trunk shares no usage with them.",
  ),
  "incomplete-number": row(
    "484 Address Incomplete",
    [28, 422],
    requesterFault,
    "The called number has too few digits.",
  ),
  "call-limit-reached": row(
    "503 Service Unavailable",
    [34, 503],
    limited,
    "The trunk carries as many calls as it may (ingress, or every egress trunk).",
  ),
  "rate-limit-reached": row(
    "503 Service Unavailable",
    [42, 429],
    hurried,
    "More calls per second than the trunk may take.",
  ),
  "no-trunk-available": row(
    "503 Service Unavailable",
    [34, 503],
    { ...busyNow, outcome: "upstream-error" },
    "Every trunk of the matching routes is down, disabled, drained or the one the call came by.",
  ),
  "no-emergency-trunk": row(
    "503 Service Unavailable",
    [34, 503],
    busyNow,
    "An emergency call found neither an E9-1-1 nor a fallback trunk nor a route.",
  ),
  "loop-detected": row("482 Loop Detected", [25, 508], requesterFault, "The request came back to where it had been."),
  "too-many-hops": row("483 Too Many Hops", [25, 508], requesterFault, "Max-Forwards was used up."),
  "malformed-request": row("400 Bad Request", [95, 400], requesterFault, "The message breaks the SIP grammar."),
  "unsupported-method": row("405 Method Not Allowed", [97, 405], requesterFault, "Tandem does not serve this method."),
  "unsupported-scheme": row(
    "416 Unsupported URI Scheme",
    [127, 422],
    requesterFault,
    "The Request-URI has a scheme that cannot be routed.",
  ),
  "unsupported-extension": row("420 Bad Extension", [127, 422], correctable, "Require names an unknown extension."),
  "message-too-large": row("513 Message Too Large", [127, 413], requesterFault, "The message exceeds the limit."),
  "merged-request": row("482 Loop Detected", [25, 409], requesterFault, "The same request arrived by two ways."),
  draining: row("503 Service Unavailable", [42, 503], busyNow, "This worker or pool takes no new ordinary calls."),
  overload: row("503 Service Unavailable", [42, 503], busyNow, "More load than this worker can carry."),
  "not-ready": row("503 Service Unavailable", [41, 503], busyNow, "No topology is loaded yet."),
  "store-unavailable": row("503 Service Unavailable", [41, 503], busyNow, "The shared store cannot be reached."),
  "internal-error": row("500 Server Internal Error", [41, 500], ownFault, "A bug; the log has the details."),
} as const;
