import { ok } from "@tandem/domain";
import type { EmergencyNotices } from "./emergency-notices.ts";
import type { LocationSource } from "./location-source.ts";

/** Knows nobody's place: the default locations of the topology count. */
export const noLocationSource: LocationSource = { locate: () => Promise.resolve(ok(null)) };

/** Tells nobody. */
export const noEmergencyNotices: EmergencyNotices = { announce: () => undefined };
