import { ok } from "@tandem/domain";
import type { CallbackBook } from "./callback-book.ts";
import type { EmergencyNotices } from "./emergency-notices.ts";
import type { LocationSource } from "./location-source.ts";

/** Knows nobody's place: the default locations of the topology count. */
export const noLocationSource: LocationSource = { locate: () => Promise.resolve(ok(null)) };

/** Lends nothing and remembers nobody. */
export const noCallbackBook: CallbackBook = { remember: () => Promise.resolve(ok({ elin: null })) };

/** Tells nobody. */
export const noEmergencyNotices: EmergencyNotices = { announce: () => undefined };
