import { readFileSync } from "node:fs";
import type { MeasuredConstants } from "../src/index.ts";

/** What `npm run plan` plans with. */
export const constants = JSON.parse(
  readFileSync(new URL("../../../apps/capacity-planner/constants.json", import.meta.url), "utf8"),
) as MeasuredConstants;
