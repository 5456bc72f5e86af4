import * as fc from "fast-check";
import {
  defaultLocationPolicy,
  defaultTrunkEmergency,
  type EmergencyProfile,
  type FailureCode,
  type GatewayKind,
  type LiveView,
  type Topology,
} from "../../src/index.ts";
import { gateway, listener, pool, sampleTopology, trunk } from "../topology-fixture.ts";

/** What a gateway does with an INVITE; a number is a final response. */
export type Manner =
  | "answers"
  | "rings, then answers"
  | "rings for ever"
  | "says 100 and no more"
  | "is silent"
  | "fails in TLS"
  | "refuses a location, else answers"
  | number;

const statuses = [302, 404, 480, 482, 486, 500, 503, 600, 603];
const manners: readonly Manner[] = [
  "answers",
  "rings, then answers",
  "rings for ever",
  "says 100 and no more",
  "is silent",
  "fails in TLS",
  "refuses a location, else answers",
  ...statuses,
];
export const ANSWERING: readonly Manner[] = ["answers", "rings, then answers", "refuses a location, else answers"];
const poolNames = ["east", "west", "alone"] as const;
const names: readonly string[] = ["t0", "t1", "t2", "t3", "t4", "t5"];

const anyTrunk = fc.record({
  pool: fc.constantFrom(...poolNames),
  kind: fc.constantFrom<GatewayKind>("e911", "pstn", "sbc"),
  profile: fc.constantFrom<EmergencyProfile | null>(null, "elin", "i3"),
  enabled: fc.boolean(),
  state: fc.constantFrom<"up" | "down" | "unknown">("up", "down", "unknown"),
  maxCalls: fc.integer({ min: 0, max: 2 }),
  load: fc.integer({ min: 0, max: 3 }),
  manner: fc.constantFrom(...manners),
});
/** What may be configured, up, full and willing when somebody calls for help. */
export const anyWorld = fc.record({
  trunks: fc.tuple(anyTrunk, anyTrunk, anyTrunk, anyTrunk, anyTrunk, anyTrunk),
  e911: fc.subarray([...names]),
  fallback: fc.subarray([...names]),
  policyTrunks: fc.subarray([...names]),
  screening: fc.boolean(),
  screeningTrunks: fc.subarray([...names]),
  preferOwnPool: fc.boolean(),
  draining: fc.subarray([...poolNames]),
  refuse: fc.constantFrom<FailureCode | null>(null, "draining", "overload", "store-unavailable"),
  gate: fc.constantFrom("place", "room-made", "unavailable", "never answers"),
  stranger: fc.boolean(),
  number: fc.constantFrom("911", "+911", "9911"),
});
type AnyTrunk = typeof anyTrunk extends fc.Arbitrary<infer T> ? T : never;
export type World = Omit<typeof anyWorld extends fc.Arbitrary<infer T> ? T : never, "trunks"> & {
  readonly trunks: readonly AnyTrunk[];
};

/** More trunks to the PSTN than are tried without having been named, few of them up. */
const crowdNames = Array.from({ length: 80 }, (_, at) => `t${at}`);
export const anyCrowd = fc.record({
  size: fc.integer({ min: 66, max: crowdNames.length }),
  kind: fc.constantFrom<GatewayKind>("pstn", "sbc"),
  up: fc.subarray(crowdNames, { maxLength: 50 }),
  failure: fc.constantFrom<Manner>("fails in TLS", ...statuses),
  /** The one that answers, and how it may be reached: as one of the crowd that is up, or as the screening centre's, in whatever state. */
  answering: fc.nat(),
  way: fc.constantFrom("pstn", "screening, up", "screening, down"),
  rest: anyWorld,
});
type Crowd = typeof anyCrowd extends fc.Arbitrary<infer T> ? T : never;

/** The same as a world of trunks that nobody named, where one answers. */
export function crowdOf(crowd: Crowd): World {
  const { size, kind, up, failure, way, rest } = crowd;
  const answering = crowd.answering % size;
  const trunks = crowdNames.slice(0, size).map((name, at): AnyTrunk => {
    const answers = at === answering;
    return {
      pool: poolNames[at % 2]!,
      kind,
      profile: null,
      enabled: true,
      state: (answers ? way !== "screening, down" : up.includes(name)) ? "up" : "down",
      maxCalls: 0,
      load: 0,
      manner: answers ? "answers" : failure,
    };
  });
  const screening = way !== "pstn";
  const screeningTrunks = screening ? [`t${answering}`] : [];
  return { ...rest, trunks, e911: [], fallback: [], policyTrunks: [], screening, screeningTrunks };
}

export function topologyOf(world: World): Topology {
  const base = sampleTopology();
  // A topology without any enabled way out is refused.
  const usable = world.trunks.some(({ enabled }) => enabled);
  const trunks = world.trunks.map((one, at) => {
    const enabled = one.enabled || (!usable && at === 0);
    const emergency = { ...defaultTrunkEmergency, profile: one.profile };
    return trunk(`t${at}`, `${one.pool}/l/g${at}/5060`, { enabled, maxCalls: one.maxCalls, emergency });
  });
  return {
    ...base,
    pools: [
      pool("east", [listener("core", 5060, { serves: "callers" }), listener("l", 5062)]),
      pool("west", [listener("l", 5072)]),
      pool("alone", [listener("l", 5082)]),
    ],
    gateways: [
      gateway("core", "192.0.2.1", { kind: "core" }),
      ...world.trunks.map(({ kind }, at) => gateway(`g${at}`, `198.51.100.${at + 1}`, { kind })),
    ],
    trunks: [trunk("core-east", "east/core/core/5060", { dialPlan: "office" }), ...trunks],
    routes: [],
    emergency: {
      ...base.emergency,
      trunks: world.e911,
      fallbackTrunks: world.fallback,
      preferOwnPool: world.preferOwnPool,
      screeningNumber: world.screening ? "+18005550199" : null,
      screeningTrunks: world.screening ? world.screeningTrunks : [],
      policy: "p",
      policies: [{ ...defaultLocationPolicy, name: "p", trunks: world.policyTrunks }],
    },
  };
}

export function viewOf(world: World): LiveView {
  const of = (name: string) => world.trunks[Number(name.slice(1))];
  return {
    trunkState: (name) => of(name)?.state ?? "up",
    trunkLoad: (name) => of(name)?.load ?? 0,
    poolDraining: (name) => world.draining.some((one) => one === name),
    refuseOrdinary: world.refuse,
  };
}
