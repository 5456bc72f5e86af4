import {
  bodyLeaves,
  formatMultipart,
  freeBoundary,
  partOfLeaf,
  type HeaderLine,
  type NewPart,
  type SipMessage,
} from "@tandem/sip";
import { boundaryFor } from "../emergency/invite/body-parts.ts";
import { nameHost } from "../emergency/invite/invite-parts.ts";
import { addLocation } from "../emergency/invite/location-part.ts";
import type { EmergencyPreparation } from "../emergency/preparation.ts";
import type { Call } from "./call.ts";
import type { StoredRequest } from "./hunt.ts";
import type { LegProfile } from "./leg-profile.ts";

/** What the INVITE of an emergency call told of where its caller is. Kept while the call lasts: the next call taker is told the same, to the octet. */
export interface ToldLocation {
  /** Lines of the caller's, as they came. */
  readonly headers: readonly HeaderLine[];
  /** Body parts of the caller's that hold a location, as they came; readable or not. */
  readonly parts: readonly NewPart[];
  /** The document that we added; null: none. */
  readonly added: string | null;
}

const PIDF_TYPE = "application/pidf+xml";
const LOCATION_HEADERS: ReadonlySet<string> = new Set(["geolocation", "geolocation-routing"]);

/** What a caller's INVITE says of where he is, beside what we add. */
export function toldLocation(request: SipMessage, { addedLocation }: EmergencyPreparation): ToldLocation {
  return {
    headers: request.headers.filter(([name]) => LOCATION_HEADERS.has(name.toLowerCase())),
    parts: bodyLeaves(request)
      .filter(({ mediaType }) => mediaType === PIDF_TYPE)
      .map(partOfLeaf),
    added: addedLocation,
  };
}

/**
 * The request to whomever a call taker transfers, for a way to those who serve emergency calls, with what the caller told. Whom it is for was chosen by a person: nobody is to route it by the
 * place, which RFC 6442 §4.2 has it say by saying nothing.
 */
export function withToldPlace(request: StoredRequest, call: Call): StoredRequest {
  const told = withToldLocation(request, call);
  return { ...told, headers: told.headers.filter(([name]) => name.toLowerCase() !== "geolocation-routing") };
}

/** That INVITE with the document which we added for the first call taker. */
export function withAddedPlace(invite: SipMessage, { id, toldLocation: told }: Call, profile: LegProfile): SipMessage {
  const pidf = told?.added ?? null;
  if (pidf === null) return invite;
  return addLocation(invite, { pidf, position: "last" }, { host: nameHost(profile), callId: id });
}

/**
 * The INVITE to the next call taker with what the caller told the first one. What we added is added again as the way out wants it. Of a call that only now
 * becomes an emergency call its caller told nothing.
 */
export function withToldLocation(request: StoredRequest, { id, toldLocation: told }: Call): StoredRequest {
  if (told === null) return request;
  const headers = [...told.headers, ...request.headers];
  if (told.parts.length === 0) return { ...request, headers };
  const described = { headers: [["Content-Type", request.contentType] as const], body: request.body };
  const parts = [described, ...told.parts];
  const bodies = parts.map(({ body }) => body);
  // No host is needed: a boundary names the call alone.
  const boundary = freeBoundary(bodies, boundaryFor({ host: "", callId: id }));
  const contentType = `multipart/mixed;boundary=${boundary}`;
  const others = headers.filter(([name]) => name.toLowerCase() !== "content-type");
  return {
    ...request,
    contentType,
    body: formatMultipart(parts, boundary),
    headers: [["MIME-Version", "1.0"], ["Content-Type", contentType], ...others],
  };
}
