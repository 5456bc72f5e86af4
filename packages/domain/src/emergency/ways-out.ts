import type { ConsiderationReason } from "../routing/decision.ts";
import type { LiveView } from "../routing/live-view.ts";
import { matchingRoutes } from "../routing/route-table.ts";
import type { CompiledTrunk, Snapshot } from "../topology/snapshot.ts";
import { orderTrunks } from "../trunks/order-trunks.ts";
import type { EmergencyRequest } from "./emergency-chain.ts";

/** One way out, before health orders it. */
export interface Way {
  readonly trunk: CompiledTrunk;
  readonly route: string | null;
  readonly source: ConsiderationReason;
  readonly number: string;
  /** The number goes out as it is, untouched by the trunk's rules. */
  readonly asDialled: boolean;
  /** Nobody named the trunk for this: it merely leads to the PSTN. */
  readonly unnamed: boolean;
}

/**
 * The ways out, best first, each once: E9-1-1 trunks of the caller's policy, then of the plan, then those nobody names, of whatever pool; ELIN
 * gateways; fallback trunks of policy and plan; routes of the number; any trunk to the PSTN; the screening centre's number. A call that only its
 * Priority header marks goes where its number is routed before all that.
 * A test call goes to the test trunks of the policy, else to the E9-1-1 trunks, and nowhere else: it must not reach a call taker by a detour.
 */
export function waysOut(call: EmergencyRequest, snapshot: Snapshot, live: LiveView): readonly Way[] {
  const asker: Asker = { call, snapshot, live };
  return once(call.test ? testWays(asker) : allWays(asker));
}

interface Asker {
  readonly call: EmergencyRequest;
  readonly snapshot: Snapshot;
  readonly live: LiveView;
}

function testWays(asker: Asker): readonly Way[] {
  const own = named(asker.call.policy?.testCalls.trunks ?? [], asker.snapshot);
  return own.length > 0 ? dialled(asker, own, "emergency") : e911Ways(asker);
}

function allWays(asker: Asker): readonly Way[] {
  const { call } = asker;
  const ways = [
    ...(call.marked === null ? [] : routed(asker, [call.marked], false)),
    ...e911Ways(asker),
    ...elinWays(asker),
    ...dialled(asker, fallbackTrunks(asker), "emergency-fallback"),
    ...routed(asker, [call.number, `+${call.number}`], true),
    ...pstnWays(asker),
    ...screeningWays(asker),
  ];
  // A core gets its call back only where there is nobody else.
  const outwards = ways.filter(({ trunk, source }) => source !== "emergency-route" || trunk.gateway.kind !== "core");
  return outwards.length > 0 ? outwards : ways;
}

function e911Ways(asker: Asker): readonly Way[] {
  const { call, snapshot } = asker;
  const policys = named(call.policy?.trunks ?? [], snapshot);
  const plans = named(snapshot.emergency.plan.trunks, snapshot);

  return [
    ...dialled(asker, ownPoolFirst(asker, policys), "emergency"),
    ...dialled(asker, ownPoolFirst(asker, plans), "emergency"),
    ...dialled(asker, ownPoolFirst(asker, snapshot.emergency.open.e911), "emergency-other-pool"),
  ];
}

/** ELIN gateways that are named nowhere; those among the fallback trunks have their place there. */
function elinWays(asker: Asker): readonly Way[] {
  const listed = new Set(fallbackTrunks(asker));
  const others = asker.snapshot.emergency.open.elin.filter((trunk) => !listed.has(trunk));
  return dialled(asker, ownPoolFirst(asker, others), "emergency-elin");
}

function pstnWays(asker: Asker): readonly Way[] {
  // A trunk that is named for the screening number is a way to the screening centre, and for nothing else unless it says so.
  const screening = new Set(asker.snapshot.emergency.plan.screeningTrunks);
  const trunks = asker.snapshot.emergency.open.pstn.filter(({ trunk }) => !screening.has(trunk.name));
  return dialled(asker, ownPoolFirst(asker, trunks), "emergency-pstn");
}

function screeningWays(asker: Asker): readonly Way[] {
  const { plan, open } = asker.snapshot.emergency;
  const { screeningNumber, screeningTrunks } = plan;
  if (screeningNumber === null) return [];
  const chosen = named(screeningTrunks, asker.snapshot);
  const trunks = chosen.length > 0 ? chosen : ownPoolFirst(asker, open.pstn);
  const unnamed = chosen.length === 0;
  return trunks.map((trunk) => {
    return { trunk, route: null, source: "emergency-screening", number: screeningNumber, asDialled: false, unnamed };
  });
}

function fallbackTrunks({ call, snapshot }: Asker): readonly CompiledTrunk[] {
  return named([...(call.policy?.fallbackTrunks ?? []), ...snapshot.emergency.plan.fallbackTrunks], snapshot);
}

/** The routes of the numbers, by priority and strategy, for whichever usage. */
function routed({ call, snapshot, live }: Asker, numbers: readonly string[], asDialled: boolean): readonly Way[] {
  return numbers.flatMap((number) =>
    matchingRoutes(snapshot.routes.all, number).flatMap(({ route }) => {
      const shares = named(route.trunks, snapshot).map(({ trunk }) => {
        return { name: trunk.name, weight: trunk.settings.weight };
      });
      const order = orderTrunks(route.strategy, shares, call.facts.callId, (name) => live.trunkLoad(name));
      return named(order, snapshot).map((trunk): Way => {
        return {
          trunk,
          route: route.name,
          source: "emergency-route",
          number: asDialled ? call.number : number,
          asDialled,
          unnamed: false,
        };
      });
    }),
  );
}

function dialled({ call }: Asker, trunks: readonly CompiledTrunk[], source: ConsiderationReason): readonly Way[] {
  const unnamed = source === "emergency-pstn";
  return trunks.map((trunk) => ({ trunk, route: null, source, number: call.number, asDialled: true, unnamed }));
}

function ownPoolFirst({ call, snapshot }: Asker, trunks: readonly CompiledTrunk[]): readonly CompiledTrunk[] {
  if (!snapshot.emergency.plan.preferOwnPool) return trunks;
  const own = (trunk: CompiledTrunk): boolean => trunk.pool.name === call.facts.pool;
  return [...trunks.filter(own), ...trunks.filter((trunk) => !own(trunk))];
}

function named(names: readonly string[], snapshot: Snapshot): readonly CompiledTrunk[] {
  return names.flatMap((name) => snapshot.trunks.get(name) ?? []);
}

/** Each trunk with each number once, at its best place. */
function once(ways: readonly Way[]): readonly Way[] {
  const seen = new Set<string>();
  return ways.filter(({ trunk, number }) => {
    const key = `${trunk.trunk.name}\n${number}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
