import { bodyLeaves, headerLocations, type SipMessage } from "@tandem/sip";
import { locationRouting, type LocationRouting } from "./location-method.ts";
import type { PidfLocation, PidfReader } from "./pidf-location.ts";

/** The location a request conveys, as far as our own decisions look at it. What the peer gets is the request's own bytes. */
export interface ConveyedLocation {
  /**
   * `value`: a readable location in the body. `reference`: only URIs that somebody else fetches. `broken`: it says that it has one, and nothing of it
   * can be read. `none`: it says nothing of a location.
   */
  readonly kind: "value" | "reference" | "broken" | "none";
  /** The location that counts; null unless `value`. */
  readonly location: PidfLocation | null;
  /** URIs to be fetched by whoever needs them, in order; never fetched here. */
  readonly references: readonly string[];
  /** What `method` asks for; null for references, where only the one who fetches the location knows. */
  readonly routing: LocationRouting | null;
}

const PIDF_TYPE = "application/pidf+xml";

/** More parts than this are not looked at; the last ones count. */
const MAX_PARTS = 8;

/**
 * Reads forgivingly, as the servers of the product class do: the Geolocation header is not asked which part to take (published messages name a cid
 * that no part has); the last location part that can be read wins. Several headers, any nesting and any order of the parts are fine (RFC 6442 §4.1).
 */
export function conveyedLocation(message: SipMessage, readPidf: PidfReader): ConveyedLocation {
  const conveyed = headerLocations(message);
  const references = conveyed.filter(({ kind }) => kind === "reference").map(({ uri }) => uri);
  const parts = bodyLeaves(message).filter(({ mediaType }) => mediaType === PIDF_TYPE);
  const location = lastReadable(
    parts.slice(-MAX_PARTS).map(({ body }) => body),
    readPidf,
  );
  if (location !== null) {
    return { kind: "value", location, references, routing: locationRouting(location.method) };
  }
  if (references.length > 0) return { kind: "reference", location: null, references, routing: null };
  const claimed = parts.length > 0 || conveyed.length > 0 || message.has("Geolocation");
  return { kind: claimed ? "broken" : "none", location: null, references, routing: "screened" };
}

function lastReadable(bodies: readonly string[], readPidf: PidfReader): PidfLocation | null {
  for (const body of bodies.toReversed()) {
    const location = readPidf(body);
    if (location !== null) return location;
  }
  return null;
}
