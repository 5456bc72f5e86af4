import {
  canonicalHeaderName,
  headerValues,
  parseMaxForwards,
  withHeaders,
  withUri,
  type HeaderLine,
  type SipMessage,
} from "@tandem/sip";

/** How a request changes on its way through the proxy (RFC 3261 §16.6). */
export interface BranchOptions {
  readonly target: string;
  /** Record-Route value to add; null: the dialog shall not come back. */
  readonly recordRoute: string | null;
  /** The first Route led here and has done its work. */
  readonly dropFirstRoute: boolean;
  /** Lines the application adds; they replace lines of the same name. */
  readonly extra: readonly HeaderLine[];
}

/** Hops left before this one; 70 when the request does not say (RFC 3261 §16.6 step 3). */
export function hopsLeft(request: SipMessage): number {
  return parseMaxForwards(request.get("Max-Forwards") ?? "") ?? 70;
}

/** The request as it goes to one target. Via lines stay: the endpoint puts its own above. */
export function branchRequest(request: SipMessage, options: BranchOptions): SipMessage {
  const { target, recordRoute, dropFirstRoute, extra } = options;
  const routes = dropFirstRoute ? headerValues(request, "Route").slice(1) : null;
  return withHeaders(withUri(request, target), (headers) => {
    headers.set("Max-Forwards", String(Math.max(hopsLeft(request) - 1, 0)));
    if (routes !== null) {
      if (routes.length === 0) headers.remove("Route");
      else headers.set("Route", routes);
    }
    if (recordRoute !== null) headers.prepend("Record-Route", recordRoute);
    for (const [name, value] of extra) headers.set(canonicalHeaderName(name), value);
  });
}
