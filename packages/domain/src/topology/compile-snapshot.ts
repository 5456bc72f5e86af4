import { compileEmergency } from "./compile-emergency.ts";
import { err, ok, type Result } from "../lang/result.ts";
import { atOnce, STEP, type Steps } from "../lang/steps.ts";
import type { CompiledDialPlan } from "../numbering/dial-plan.ts";
import { type CompiledRule, compileNumberRule } from "../numbering/number-rule.ts";
import { compilePattern, type Pattern } from "../numbering/pattern.ts";
import { type CompiledRoute, routeTableInSteps } from "../routing/route-table.ts";
import { checkTopology } from "./check-topology.ts";
import {
  type CompiledEmergency,
  type CompiledTrunk,
  listenerKey,
  type PoolListener,
  type Snapshot,
} from "./snapshot.ts";
import { isAcceptable, type TopologyIssue } from "./topology-issue.ts";
import type { NumberRule, Route, Topology } from "./topology.ts";

/**
 * Compiles a topology for deciding calls. All errors come at once, with path and fix; warnings of an accepted topology are in the snapshot.
 */
export function compileSnapshot(topology: Topology): Result<Snapshot, readonly TopologyIssue[]> {
  const compiler = new SnapshotCompiler(topology);
  const snapshot = atOnce(compiler.compile());
  const issues = [...checkTopology(topology), ...compiler.issues];
  return isAcceptable(issues) ? ok({ ...snapshot, warnings: issues }) : err(issues);
}

/**
 * The same in small steps, of a topology that is known to compile: after each `yield` other work may be done. For a process that serves calls meanwhile.
 * @param warnings what `compileSnapshot` found elsewhere
 */
export function* compileInSteps(topology: Topology, warnings: readonly TopologyIssue[]): Steps<Snapshot> {
  const snapshot = yield* new SnapshotCompiler(topology).compile();
  return { ...snapshot, warnings };
}

class SnapshotCompiler {
  readonly issues: TopologyIssue[] = [];
  readonly #topology: Topology;

  constructor(topology: Topology) {
    this.#topology = topology;
  }

  *compile(): Steps<Omit<Snapshot, "warnings">> {
    const listeners = this.#listeners();
    const dialPlans = this.#dialPlans();
    const trunks = yield* this.#trunks(listeners, dialPlans);
    const routes = yield* this.#routes();
    return {
      topology: this.#topology,
      listeners,
      trunks,
      routes: yield* routeTableInSteps(routes),
      pools: new Map(this.#topology.pools.map((pool) => [pool.name, pool])),
      emergency: this.#emergency([...dialPlans.values()], [...trunks.values()]),
    };
  }

  #listeners(): ReadonlyMap<string, PoolListener> {
    const found = this.#topology.pools.flatMap((pool) =>
      pool.listeners.map((listener) => [listenerKey(pool.name, listener.name), { pool, listener }] as const),
    );
    return new Map(found);
  }

  #dialPlans(): ReadonlyMap<string, CompiledDialPlan> {
    const plans = this.#topology.dialPlans.map((plan, at) => {
      const rules = this.#rules(plan.rules, `dialPlans[${at}].rules`);
      return [plan.name, { name: plan.name, externalAccessPrefix: plan.externalAccessPrefix, rules }] as const;
    });
    return new Map(plans);
  }

  *#trunks(
    listeners: ReadonlyMap<string, PoolListener>,
    dialPlans: ReadonlyMap<string, CompiledDialPlan>,
  ): Steps<ReadonlyMap<string, CompiledTrunk>> {
    const gateways = new Map(this.#topology.gateways.map((gateway) => [gateway.name, gateway]));
    const trunks = new Map<string, CompiledTrunk>();
    for (const [at, trunk] of this.#topology.trunks.entries()) {
      if (at % STEP === 0) yield;
      const calledRules = this.#rules(trunk.settings.calledRules, `trunks[${at}].settings.calledRules`);
      const callingRules = this.#rules(trunk.settings.callingRules, `trunks[${at}].settings.callingRules`);
      const local = listeners.get(listenerKey(trunk.pool, trunk.listener));
      const gateway = gateways.get(trunk.gateway);
      // A name that leads nowhere is reported by checkTopology, and then there is no snapshot.
      if (local === undefined || gateway === undefined) continue;
      const dialPlan = dialPlans.get(trunk.settings.dialPlan ?? "") ?? null;
      trunks.set(trunk.name, { ...local, trunk, gateway, dialPlan, calledRules, callingRules });
    }
    return trunks;
  }

  /** By priority, then as written. */
  *#routes(): Steps<readonly CompiledRoute[]> {
    const { routes } = this.#topology;
    const placesByPriority = new Map<number, number[]>();
    for (const [at, { priority }] of routes.entries()) {
      if (at % (10 * STEP) === 0) yield;
      const places = placesByPriority.get(priority);
      if (places === undefined) placesByPriority.set(priority, [at]);
      else places.push(at);
    }
    const compiled: CompiledRoute[] = [];
    let rank = 0;
    for (const priority of Float64Array.from(placesByPriority.keys()).sort()) {
      for (const at of placesByPriority.get(priority) ?? []) {
        const route = routes[at];
        if (rank % STEP === 0) yield;
        if (route !== undefined) compiled.push(...this.#route(route, `routes[${at}]`, rank));
        rank += 1;
      }
    }
    return compiled;
  }

  #route(route: Route, path: string, rank: number): readonly CompiledRoute[] {
    const match = this.#pattern(route.match, `${path}.match`);
    const except = route.except.map((text, at) => this.#pattern(text, `${path}.except[${at}]`));
    return match === null ? [] : [{ route, match, except: except.filter((pattern) => pattern !== null), rank }];
  }

  #pattern(text: string, path: string): Pattern | null {
    const pattern = compilePattern(text);
    if (pattern.ok) return pattern.value;
    const { problem, fix } = pattern.error;
    this.issues.push({ severity: "error", path, problem: `is a pattern that ${problem}`, fix });
    return null;
  }

  #emergency(dialPlans: readonly CompiledDialPlan[], trunks: readonly CompiledTrunk[]): CompiledEmergency {
    const { emergency, faults } = compileEmergency(this.#topology.emergency, { dialPlans, trunks });
    for (const { entry, number, problem, fix } of faults) {
      const path = `emergency.users[${entry}].numbers[${number}]`;
      this.issues.push({ severity: "error", path, problem: `is a pattern that ${problem}`, fix });
    }
    return emergency;
  }

  #rules(rules: readonly NumberRule[], path: string): readonly CompiledRule[] {
    return rules.flatMap((rule, at) => {
      const compiled = compileNumberRule(rule);
      if (compiled.ok) return [compiled.value];
      const { field, problem, fix } = compiled.error;
      const words = field === "match" ? `is a pattern that ${problem}` : problem;
      this.issues.push({ severity: "error", path: `${path}[${at}].${field}`, problem: words, fix });
      return [];
    });
  }
}
