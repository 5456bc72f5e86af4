import {
  defaultTrunkSettings,
  type DialPlan,
  type Gateway,
  type Listener,
  type NumberRule,
  type Pool,
  type ProbeSettings,
  type Route,
  type SessionTimerSettings,
  type Topology,
  type Trunk,
  type TrunkSettings,
} from "@tandem/domain";
import { buildEmergency } from "./build-emergency.ts";
import type { TopologyDocument } from "./schema/document-schema.ts";
import type { TrunkDefaultsDocument, TrunkDocument } from "./schema/trunk-schema.ts";

/** The domain's topology from a document that fits the schema. */
export function buildTopology(document: TopologyDocument): Topology {
  return {
    name: document.name,
    pools: document.pools.map(buildPool),
    gateways: document.gateways.map((gateway): Gateway => gateway),
    trunks: document.trunks.map((trunk) => buildTrunk(trunk, document.trunkDefaults)),
    dialPlans: document.dialPlans.map((plan): DialPlan => ({ ...plan, rules: named(plan.rules) })),
    routes: document.routes.map(buildRoute),
    emergency: buildEmergency(document.emergency),
  };
}

function buildPool(pool: TopologyDocument["pools"][number]): Pool {
  const { fqdn, locationPolicy, ...others } = pool;
  return {
    ...others,
    ...(fqdn !== undefined && { fqdn }),
    ...(locationPolicy !== undefined && { locationPolicy }),
    listeners: pool.listeners.map(buildListener),
  };
}

function buildListener(listener: TopologyDocument["pools"][number]["listeners"][number]): Listener {
  const { tls, ...others } = listener;
  return {
    ...others,
    advertisedAddress: listener.advertisedAddress ?? listener.address,
    advertisedPort: listener.advertisedPort ?? listener.port,
    ...(tls !== undefined && {
      tls: {
        certificateFile: tls.certificateFile,
        keyFile: tls.keyFile,
        ...(tls.caFile !== undefined && { caFile: tls.caFile }),
        mutual: tls.mutual,
      },
    }),
  };
}

function buildTrunk(trunk: TrunkDocument, defaults: TrunkDefaultsDocument): Trunk {
  const { name, pool, listener, gateway, port, ...own } = trunk;
  return { name, pool, listener, gateway, port, settings: mergeSettings(own, defaults) };
}

/** Own setting, else the document's default, else the product's. Lists replace; session timer and probe merge field by field. */
function mergeSettings(own: TrunkDefaultsDocument, defaults: TrunkDefaultsDocument): TrunkSettings {
  const base = defaultTrunkSettings;
  const written = { ...defaults, ...own };
  const { progressTimeout, connectTimeout, ringTimeout, dialPlan, clearTrunk } = written;
  return {
    ...base,
    ...defined(pick(written)),
    progressTimeoutMs: progressTimeout ?? base.progressTimeoutMs,
    connectTimeoutMs: connectTimeout ?? base.connectTimeoutMs,
    ringTimeoutMs: ringTimeout ?? base.ringTimeoutMs,
    failoverCodes: written.failoverCodes?.map(failoverCode) ?? base.failoverCodes,
    responseRules: (written.responseRules ?? []).map((rule) => {
      return { code: rule.code ?? null, cause: rule.cause ?? null, becomes: rule.becomes };
    }),
    ...(dialPlan !== undefined && { dialPlan }),
    ...(clearTrunk !== undefined && { clearTrunk }),
    emergency: { ...base.emergency, ...defined({ ...defaults.emergency, ...defined(own.emergency ?? {}) }) },
    calledRules: named(written.calledRules ?? []),
    callingRules: named(written.callingRules ?? []),
    sessionTimer: sessionTimer({ ...defaults.sessionTimer, ...own.sessionTimer }),
    probe: probe({ ...defaults.probe, ...own.probe }),
  };
}

/** The settings that the domain has under the same name and in the same form. */
function pick(written: TrunkDefaultsDocument) {
  return {
    enabled: written.enabled,
    maxCalls: written.maxCalls,
    maxCallsPerSecond: written.maxCallsPerSecond,
    usages: written.usages,
    removePlus: written.removePlus,
    forwardPai: written.forwardPai,
    forwardHistory: written.forwardHistory,
    forwardDiversion: written.forwardDiversion,
    trusted: written.trusted,
    refer: written.refer,
    reliableProvisional: written.reliableProvisional,
    maxEarlyDialogs: written.maxEarlyDialogs,
    weight: written.weight,
    emergencyReserve: written.emergencyReserve,
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** `5xx` is the digit 5 for the domain. */
function failoverCode(code: number | string): number {
  return typeof code === "number" ? code : Number(code[0]);
}

function sessionTimer(written: NonNullable<TrunkDefaultsDocument["sessionTimer"]>): SessionTimerSettings {
  const base = defaultTrunkSettings.sessionTimer;
  return {
    offer: written.offer ?? base.offer,
    expiresS: written.expires === undefined ? base.expiresS : Math.round(written.expires / 1000),
    minSeS: written.minSe === undefined ? base.minSeS : Math.round(written.minSe / 1000),
    refresher: written.refresher ?? base.refresher,
  };
}

function probe(written: NonNullable<TrunkDefaultsDocument["probe"]>): ProbeSettings {
  const base = defaultTrunkSettings.probe;
  return {
    enabled: written.enabled ?? base.enabled,
    intervalMs: written.interval ?? base.intervalMs,
    downIntervalMs: written.downInterval ?? base.downIntervalMs,
    timeoutMs: written.timeout ?? base.timeoutMs,
    failuresToDown: written.failuresToDown ?? base.failuresToDown,
    successesToUp: written.successesToUp ?? base.successesToUp,
    // Who switches probing off means a trunk that is always tried, unless calls are named as the judge.
    watchCalls: written.watchCalls ?? written.enabled ?? base.watchCalls,
  };
}

function named(rules: TopologyDocument["dialPlans"][number]["rules"]): readonly NumberRule[] {
  return rules.map((rule, at) => ({ ...rule, name: rule.name ?? `rule-${at + 1}` }));
}

function buildRoute(route: TopologyDocument["routes"][number]): Route {
  const { alternateCallerId, ...others } = route;
  return { ...others, ...(alternateCallerId !== undefined && { alternateCallerId }) };
}
