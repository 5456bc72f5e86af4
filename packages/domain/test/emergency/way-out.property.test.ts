import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  attemptPlans,
  composePidf,
  decide,
  defaultLocationPolicy,
  defaultTrunkEmergency,
  type Effect,
  type EmergencyProfile,
  type FailureCode,
  type GatewayKind,
  type LiveView,
  type Topology,
} from "../../src/index.ts";
import { ANSWER, CallRig } from "../call/call-rig.ts";
import { factsFor, gateway, listener, pool, sampleTopology, snapshotOf, trunk } from "../topology-fixture.ts";

const OUR_LOCATION = composePidf({
  entity: "sip:+12065550100@tandem.example",
  civic: { country: "US", a3: "Albany" },
  method: "Default",
  provider: null,
  atMs: 0,
});

/** What a gateway does with an INVITE; a number is a final response. */
type Manner =
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
const ANSWERING: readonly Manner[] = ["answers", "rings, then answers", "refuses a location, else answers"];
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
const anyWorld = fc.record({
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
type World = Omit<typeof anyWorld extends fc.Arbitrary<infer T> ? T : never, "trunks"> & {
  readonly trunks: readonly AnyTrunk[];
};

/** More trunks to the PSTN than are tried without having been named, few of them up. */
const crowdNames = Array.from({ length: 80 }, (_, at) => `t${at}`);
const anyCrowd = fc.record({
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

function crowdOf(crowd: Crowd): World {
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

function topologyOf(world: World): Topology {
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

function viewOf(world: World): LiveView {
  const of = (name: string) => world.trunks[Number(name.slice(1))];
  return {
    trunkState: (name) => of(name)?.state ?? "up",
    trunkLoad: (name) => of(name)?.load ?? 0,
    poolDraining: (name) => world.draining.some((one) => one === name),
    refuseOrdinary: world.refuse,
  };
}

/** Plays gateways, gate and clock for one call until it is answered or over. */
class World911 {
  readonly rig = new CallRig();
  readonly #world: World;
  readonly #timers = new Map<string, number>();
  readonly #inbox: (() => readonly Effect[])[] = [];
  /** Legs that ring or are answered and were not given up. */
  readonly live = new Set<string>();
  mostLive = 0;

  constructor(world: World) {
    this.#world = world;
  }

  play(): void {
    const snapshot = snapshotOf(topologyOf(this.#world));
    const facts = factsFor(this.#world.number, this.#world.stranger ? { ingressTrunk: null } : {});
    const decision = decide(facts, snapshot, viewOf(this.#world));
    if (decision.kind !== "emergency") throw new Error(`decided ${decision.kind}`);
    this.#take(
      this.rig.invite({ attempts: attemptPlans(decision, snapshot), emergency: { addedLocation: OUR_LOCATION } }),
    );
    for (let step = 0; step < 1_000 && this.rig.call.phase === "setup"; step += 1) this.#take(this.#next());
  }

  /** What happens next: a message if there is one, else the timer that is due first. */
  #next(): readonly Effect[] {
    const message = this.#inbox.shift();
    if (message !== undefined) return message();
    const [first] = [...this.#timers].sort(([, left], [, right]) => left - right);
    if (first === undefined) throw new Error("nothing will ever happen to this call");
    const [timer, atMs] = first;
    this.#timers.delete(timer);
    return this.rig.event({ kind: "timer", timer }, Math.max(0, atMs - this.rig.now));
  }

  #take(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "start-timer") this.#timers.set(effect.timer, this.rig.now + effect.afterMs);
      if (effect.kind === "stop-timer") this.#timers.delete(effect.timer);
      if (effect.kind === "cancel") this.live.delete(effect.exchange);
      if (effect.kind === "seize") this.#seize(effect.trunk);
      if (effect.kind === "send" && effect.request.method === "INVITE") this.#invited(effect);
    }
  }

  #seize(trunkName: string): void {
    const { gate } = this.#world;
    if (gate === "never answers") return;
    this.#inbox.push(() => this.rig.event({ kind: "seized", trunk: trunkName, result: gate }));
  }

  #invited(sent: Extract<Effect, { kind: "send" }>): void {
    const party = this.rig.call.parties.find(({ id }) => sent.exchange.startsWith(`${id}-`));
    const manner = this.#world.trunks[Number(party?.profile.trunk.slice(1))]?.manner;
    const say = (status: number): void => {
      const options = status >= 200 && status < 300 ? { body: ANSWER } : {};
      this.#inbox.push(() => {
        if (status > 100 && status < 300) this.live.add(sent.exchange);
        if (status >= 300) this.live.delete(sent.exchange);
        this.mostLive = Math.max(this.mostLive, this.live.size);
        return this.rig.answer(sent, status, options);
      });
    };
    if (manner === "says 100 and no more") say(100);
    else if (manner === "rings for ever") say(180);
    else if (manner === "answers") say(200);
    else if (manner === "rings, then answers") [100, 180, 200].forEach(say);
    else if (typeof manner === "number") say(manner);
    else if (manner === "refuses a location, else answers") {
      say(sent.request.get("Content-Type") === "application/sdp" ? 200 : 415);
    } else if (manner === "fails in TLS") {
      this.#inbox.push(() => this.rig.event({ kind: "no-response", exchange: sent.exchange, failure: "tls-failure" }));
    }
  }
}

describe("an emergency call", () => {
  test("completes whenever one way out answers, whatever the topology, health, limits and faults", () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const answers = world.trunks.some(({ manner }) => ANSWERING.includes(manner));
        const drive = new World911(world);
        drive.play();
        expect(drive.rig.call.phase === "up").toBe(answers);
        if (!answers) expect(drive.rig.responded().response.status).toBe(503);
        // No PSAP rings or talks beside another one.
        expect(drive.mostLive).toBeLessThanOrEqual(1);
      }),
      { numRuns: 250 },
    );
  });

  test("completes by the one trunk that answers among more than are tried unnamed: a healthy one, or the screening centre's", () => {
    fc.assert(
      fc.property(anyCrowd, (crowd) => {
        const drive = new World911(crowdOf(crowd));
        drive.play();
        expect(drive.rig.call.phase).toBe("up");
        expect(drive.mostLive).toBeLessThanOrEqual(1);
      }),
      { numRuns: 15 },
    );
  });

  test("is at the third way out within 15 s of dialling when one is silent and one says 503 (A17)", () => {
    const quiet = {
      pool: "east",
      kind: "e911",
      profile: null,
      enabled: true,
      state: "up",
      maxCalls: 0,
      load: 0,
    } as const;
    const silent = fc.constantFrom<Manner>("is silent", "says 100 and no more");
    fc.assert(
      fc.property(silent, fc.boolean(), (manner, silentFirst) => {
        const pair = [
          { ...quiet, manner },
          { ...quiet, manner: 503 },
        ];
        const [first, second] = silentFirst ? pair : [...pair].reverse();
        const gatewayTrunk = { ...quiet, kind: "pstn", manner: "answers" } as const;
        const idle = { ...gatewayTrunk, manner: 503 };
        const drive = new World911({
          trunks: [first!, second!, gatewayTrunk, idle, idle, idle],
          e911: ["t0", "t1"],
          fallback: [],
          policyTrunks: [],
          screening: true,
          screeningTrunks: ["t2"],
          preferOwnPool: true,
          draining: [],
          refuse: null,
          gate: "place",
          stranger: false,
          number: "911",
        });
        drive.play();
        const third = drive.rig.call.attempts[2];
        expect((third?.startMs ?? Infinity) - drive.rig.call.createdMs).toBeLessThanOrEqual(15_000);
        expect(drive.rig.call.phase).toBe("up");
      }),
      { numRuns: 20 },
    );
  });
});
