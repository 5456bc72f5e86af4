import { z } from "zod";
import { emergency } from "./emergency-schema.ts";
import { name } from "./fields.ts";
import { localSections } from "./local-schema.ts";
import { gateway, pool } from "./pool-schema.ts";
import { dialPlan, route } from "./routing-schema.ts";
import { trunk, trunkDefaults } from "./trunk-schema.ts";

/** The topology document as a person writes it. docs/topology.schema.json is generated from this. */
export const topologyDocument = z.strictObject({
  $schema: z.string().optional().describe("for editors"),
  name: name.default("tandem").describe("name of the cluster"),
  ...localSections,
  pools: z.array(pool).min(1),
  gateways: z.array(gateway).min(1),
  trunkDefaults: trunkDefaults.default({}).describe("settings of every trunk that does not say otherwise"),
  trunks: z.array(trunk).min(1),
  dialPlans: z.array(dialPlan).default([]),
  routes: z.array(route).default([]),
  emergency: emergency.prefault({}),
});

/** The document after its own defaults were filled in. */
export type TopologyDocument = z.output<typeof topologyDocument>;

/** The document as a program writes it, before defaults: what goes into `parseTopologyDocument` as JSON. */
export type WrittenTopology = z.input<typeof topologyDocument>;
