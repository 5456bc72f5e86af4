import { busyNow, correctable, ownFault, requesterFault, row } from "./failure-entry.ts";

/** Failures of the control API and of operation. Their SIP column is what a SIP request would get if one ran into them. */
export const interfaceFailures = {
  "bad-request": row("400 Bad Request", [95, 400], requesterFault, "The HTTP request does not fit its schema."),
  unauthorised: row("401 Unauthorized", [21, 401], requesterFault, "No API key, or an unknown one."),
  "not-found": row("404 Not Found", [3, 404], requesterFault, "No such object."),
  "too-large": row("513 Message Too Large", [127, 413], requesterFault, "The HTTP body exceeds the limit."),
  "media-type-unknown": row(
    "415 Unsupported Media Type",
    [79, 415],
    correctable,
    "A body of this type is not read here.",
  ),
  "too-many-requests": row(
    "503 Service Unavailable",
    [42, 429],
    { ...busyNow, outcome: "client-error" },
    "So many requests of one source are not served.",
  ),
  "topology-invalid": row("400 Bad Request", [95, 422], correctable, "The document has errors; each has path and fix."),
  "topology-conflict": row("491 Request Pending", [127, 409], correctable, "Somebody published another version first."),
  "protocol-error": row("500 Server Internal Error", [111, 502], ownFault, "A component spoke out of turn."),
  "queue-unavailable": row("503 Service Unavailable", [41, 503], busyNow, "The job queue cannot be reached."),
  "scaler-unavailable": row("503 Service Unavailable", [41, 503], busyNow, "Whoever runs the pool cannot be reached."),
  "location-rows-invalid": row("400 Bad Request", [95, 422], correctable, "Rows of locations have errors."),
  "location-draft-changed": row(
    "491 Request Pending",
    [127, 409],
    correctable,
    "Somebody else changed the location draft.",
  ),
  "location-unavailable": row("503 Service Unavailable", [41, 503], busyNow, "A location source did not answer."),
  "relay-unavailable": row(
    "503 Service Unavailable",
    [41, 503],
    busyNow,
    "A media relay did not do what it was asked.",
  ),
  "delivery-failed": row("500 Server Internal Error", [41, 502], ownFault, "A sink refused or did not answer."),
  "lease-lost": row("500 Server Internal Error", [41, 503], ownFault, "Another holder has the leader lease."),
  "configuration-invalid": row(
    "500 Server Internal Error",
    [41, 500],
    ownFault,
    "The process may not start like this.",
  ),
  "not-implemented": row("501 Not Implemented", [79, 501], requesterFault, "Tandem does not do this."),
} as const;
