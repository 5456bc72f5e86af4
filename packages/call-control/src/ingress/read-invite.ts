import { looksLikeEmergency, mendRequest, validateRequest } from "@tandem/sip";
import type { IncomingRequest } from "../ports/index.ts";

/** An edge passes a malformed INVITE on when it may be an emergency call; turns out that it is none. */
export interface ReadInvite {
  /** As far as it can be read. */
  readonly request: IncomingRequest;
  readonly wasMalformed: boolean;
}

/** A malformed INVITE that may be an emergency call as far as it can be read; any other one as it is. */
export function readable(request: IncomingRequest): ReadInvite {
  const { message } = request;
  const wasMalformed = looksLikeEmergency(message) && validateRequest(message) !== undefined;
  return { request: wasMalformed ? { ...request, message: mendRequest(message) } : request, wasMalformed };
}
