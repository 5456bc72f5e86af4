import type { EmergencyIndex } from "../emergency/classify-emergency.ts";
import type { SiteIndex } from "../emergency/network-sites.ts";
import type { UserIndex } from "../emergency/policy-users.ts";
import type { CompiledDialPlan } from "../numbering/dial-plan.ts";
import type { CompiledRule } from "../numbering/number-rule.ts";
import type { RouteTable } from "../routing/route-table.ts";
import type { TopologyIssue } from "./topology-issue.ts";
import type { EmergencyPlan, LocationPolicy } from "./emergency-plan.ts";
import type { Gateway, Listener, Pool, Topology, Trunk } from "./topology.ts";

/** A topology compiled for deciding calls: every name resolved, every pattern ready. Immutable, shared by all calls of a worker. */
export interface Snapshot {
  readonly topology: Topology;
  readonly pools: ReadonlyMap<string, Pool>;
  readonly trunks: ReadonlyMap<string, CompiledTrunk>;
  /** Listener by `listenerKey(pool, listener)`. */
  readonly listeners: ReadonlyMap<string, PoolListener>;
  readonly routes: RouteTable;
  readonly emergency: CompiledEmergency;
  /** What was accepted but deserves a look. */
  readonly warnings: readonly TopologyIssue[];
}

export interface PoolListener {
  readonly pool: Pool;
  readonly listener: Listener;
}

export interface CompiledTrunk extends PoolListener {
  readonly trunk: Trunk;
  readonly gateway: Gateway;
  readonly dialPlan: CompiledDialPlan | null;
  readonly calledRules: readonly CompiledRule[];
  readonly callingRules: readonly CompiledRule[];
}

export interface CompiledEmergency {
  readonly plan: EmergencyPlan;
  /** The plan's numbers, for callers without a policy. */
  readonly index: EmergencyIndex;
  /** Numbers of the plan and of every policy: what is not here is no emergency number for anybody. */
  readonly anyIndex: EmergencyIndex;
  readonly policies: ReadonlyMap<string, CompiledPolicy>;
  readonly sites: SiteIndex;
  readonly users: UserIndex;
  readonly open: OpenTrunks;
  /** External access prefixes of all dial plans: what a caller without a trunk may have dialled first. */
  readonly prefixes: readonly string[];
}

/** Trunks that an emergency call may use without anybody having named them, in the document's order. */
export interface OpenTrunks {
  readonly e911: readonly CompiledTrunk[];
  readonly elin: readonly CompiledTrunk[];
  /** To PSTN gateways and carrier SBCs. */
  readonly pstn: readonly CompiledTrunk[];
}

interface CompiledPolicy {
  readonly policy: LocationPolicy;
  /** Its numbers, then the plan's. */
  readonly index: EmergencyIndex;
}

/** Key of a pool's listener. Names hold no slash (the topology check sees to it). */
export function listenerKey(pool: string, listener: string): string {
  return `${pool}/${listener}`;
}
