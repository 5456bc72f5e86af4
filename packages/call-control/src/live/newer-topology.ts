import type { PublishedTopology } from "../ports/index.ts";

/** Which publication is meant. A follower takes each once. */
export type PublicationMark = Pick<PublishedTopology, "version" | "atMs">;

/** Before any publication was seen. */
export const NOTHING_PUBLISHED: PublicationMark = { version: 0, atMs: -1 };

/**
 * True when `offered` is to take the place of `seen`: its version is higher, or it was published later. A registry that lost its data counts from one
 * again: then the later publication is the newer one.
 */
export function isNewerPublication(offered: PublicationMark, seen: PublicationMark): boolean {
  return offered.version > seen.version || offered.atMs > seen.atMs;
}
