import { ok } from "@tandem/domain";
import type { LocationSource } from "./location-source.ts";

/** Knows nobody's place: the default locations of the topology count. */
export const noLocationSource: LocationSource = { locate: () => Promise.resolve(ok(null)) };
