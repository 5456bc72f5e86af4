import type { CivicAddress } from "./civic-address.ts";

/** What decisions need of one location document (RFC 4119, RFC 5139, RFC 5491). */
export interface PidfLocation {
  /** How the location was found, as written; null when the document does not say. */
  readonly method: string | null;
  /** The civic address; null when there is none. */
  readonly civic: CivicAddress | null;
  /** It holds a geodetic shape. */
  readonly geodetic: boolean;
  /** First position of that shape as written: latitude, longitude, and altitude where it has one (RFC 5491 §5.1); null when there is none. */
  readonly position: string | null;
}

/**
 * Reads a location document from a body as it came (one character per byte). Null when it is no well-formed XML, holds no location, or is larger or
 * deeper than a location can be. Injected: how XML is read is not the domain's business.
 */
export type PidfReader = (octets: string) => PidfLocation | null;
