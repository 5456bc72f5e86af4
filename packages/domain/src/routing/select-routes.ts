import type { FailureCode } from "../failure/failure.ts";
import type { CompiledTrunk, Snapshot } from "../topology/snapshot.ts";
import { orderTrunks } from "../trunks/order-trunks.ts";
import { ordinaryAttempt, skipReason } from "./consider-trunk.ts";
import type { Attempt, Consideration, ConsiderationReason, RequestFacts } from "./decision.ts";
import type { LiveView } from "./live-view.ts";
import { type CompiledRoute, matchingRoutes } from "./route-table.ts";

/** Most attempts of an ordinary call: the plan is stored with the call, and no caller waits for more. */
export const maxAttempts = 16;
/** Most entries in the explanation of a refusal. */
const maxExplained = 32;

/** The ways out of an ordinary call, or why there are none. */
export interface Selection {
  readonly attempts: readonly Attempt[];
  readonly considered: readonly Consideration[];
  /** Set when `attempts` is empty. */
  readonly failure: FailureCode | null;
}

/** Usages of the ingress trunk top down, in each the routes by priority, in each the trunks by strategy; every trunk once. */
export function selectRoutes(
  call: { readonly facts: RequestFacts; readonly ingress: CompiledTrunk; readonly number: string },
  snapshot: Snapshot,
  live: LiveView,
): Selection {
  const collector = new AttemptCollector(call.facts, call.number, snapshot, live);
  for (const usage of call.ingress.trunk.settings.usages) {
    for (const route of matchingRoutes(snapshot.routes.byUsage.get(usage), call.number)) collector.add(route);
  }
  return collector.matched ? collector.selection() : unmatched(call.number, snapshot);
}

class AttemptCollector {
  matched = false;
  readonly #attempts = new Map<string, Attempt>();
  readonly #considered: Consideration[] = [];
  readonly #routes = new Set<CompiledRoute>();
  readonly #facts: RequestFacts;
  readonly #number: string;
  readonly #snapshot: Snapshot;
  readonly #live: LiveView;

  constructor(facts: RequestFacts, number: string, snapshot: Snapshot, live: LiveView) {
    this.#facts = facts;
    this.#number = number;
    this.#snapshot = snapshot;
    this.#live = live;
  }

  add(route: CompiledRoute): void {
    this.matched = true;
    // A route in two usages of the ingress trunk counts once, where it comes first.
    if (this.#routes.has(route)) return;
    this.#routes.add(route);
    for (const name of this.#order(route)) {
      const trunk = this.#snapshot.trunks.get(name);
      if (trunk !== undefined) this.#consider(trunk, route);
    }
  }

  selection(): Selection {
    const attempts = [...this.#attempts.values()];
    const considered = this.#considered;
    if (attempts.length > 0) return { attempts, considered, failure: null };
    const full = considered.some((entry) => entry.reason === "trunk-full");
    return { attempts, considered, failure: full ? "call-limit-reached" : "no-trunk-available" };
  }

  #order(route: CompiledRoute): readonly string[] {
    const { strategy, trunks } = route.route;
    if (strategy === "priority" || trunks.length === 1) return trunks;
    const shares = trunks.map((name) => ({
      name,
      weight: this.#snapshot.trunks.get(name)?.trunk.settings.weight ?? 0,
    }));
    return orderTrunks(strategy, shares, this.#facts.callId, (name) => this.#live.trunkLoad(name));
  }

  #consider(trunk: CompiledTrunk, route: CompiledRoute): void {
    const { name } = trunk.trunk;
    const reason = this.#skip(trunk);
    const verdict = reason === null ? "chosen" : "skipped";
    if (reason === null) {
      this.#attempts.set(name, ordinaryAttempt(trunk, route, this.#number, this.#facts.callingNumber));
    }
    const explained = this.#considered.length < maxExplained || reason === null;
    if (explained)
      this.#considered.push({ trunk: name, route: route.route.name, verdict, reason: reason ?? "in-order" });
  }

  #skip(trunk: CompiledTrunk): ConsiderationReason | null {
    if (this.#attempts.has(trunk.trunk.name)) return "already-chosen";
    const reason = skipReason(trunk, this.#facts.ingressTrunk, this.#live);
    if (reason !== null) return reason;
    return this.#attempts.size >= maxAttempts ? "enough-attempts" : null;
  }
}

/** Tells a number nobody routes (404) from one that others may reach (403). */
function unmatched(number: string, snapshot: Snapshot): Selection {
  const others = matchingRoutes(snapshot.routes.all, number);
  const considered = others.slice(0, maxExplained).flatMap(({ route }) =>
    route.trunks.map((trunk): Consideration => {
      return { trunk, route: route.name, verdict: "skipped", reason: "no-shared-usage" };
    }),
  );
  const failure = others.length > 0 ? "no-shared-usage" : "no-route";
  return { attempts: [], considered: considered.slice(0, maxExplained), failure };
}
