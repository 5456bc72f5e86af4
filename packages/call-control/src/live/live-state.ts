import type { FailureCode, LiveView } from "@tandem/domain";
import type {
  CallStore,
  Clock,
  Telemetry,
  TrunkHealth,
  TrunkHealthBoard,
  TrunkState,
  Unwatch,
} from "../ports/index.ts";
import { repeat, type RoundEnd } from "../timing/repeat.ts";
import { CallRate } from "./call-rate.ts";
import { TrunkLoads } from "./trunk-loads.ts";

const LOADS_MS = 1_000;
const BOARD_MS = 10_000;

export interface LivePorts {
  readonly store: CallStore;
  readonly health: TrunkHealthBoard;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** Where a new request comes from, and how many are like it. */
export interface Arrival {
  /** Id of the edge that it came by. */
  readonly edge: string;
  /** New ordinary requests a second that come to this worker. */
  readonly callsPerSecond: number;
}

/** What this worker takes now; mere looks, whoever asks and however often. */
export interface Admissions {
  /** Why it does not take an ordinary call of this id, or null. */
  refusal(callId: string, arrival: Arrival): FailureCode | null;
  /** Why it takes none at all (`draining`, `store-unavailable`), or null; overload passes by itself. */
  closed(): FailureCode | null;
}

/** The live view for each kind of request. */
export interface LiveViews {
  /** For a new call or request of this id that came by this edge. */
  forNew(callId: string, edge: string): LiveView;
  readonly forCallsUnderWay: LiveView;
  /** Why no ordinary call at all is taken (`draining`, `store-unavailable`), or null. */
  readonly closed: FailureCode | null;
  /** A new ordinary request came that admission was asked about. */
  countOrdinary(): void;
  /** A new call goes out by this trunk first. */
  placed(trunk: string): void;
}

/**
 * Trunk health and loads as this worker knows them. What cannot be read stays as it was: stale is better than empty. Loads are a second old at
 * most, but for what this worker placed itself; the exact limits are held by the gate when an attempt starts.
 */
export class LiveState implements LiveViews {
  /** Health and loads as a call sees them that is up already: neither drain nor overload concern it. A drain of the own pool concerns new calls alone, and another pool's workers refuse for themselves. */
  readonly forCallsUnderWay: LiveView = {
    trunkState: (trunk) => this.#states.get(trunk) ?? "unknown",
    trunkLoad: (trunk) => this.#loads.of(trunk),
    poolDraining: () => false,
    refuseOrdinary: null,
    // Every call asks the gate, so what a load says of a second ago refuses nobody.
    limitsHeldByGate: true,
  };
  readonly #ports: LivePorts;
  readonly #admissions: Admissions;
  readonly #calls = new CallRate();
  readonly #loads = new TrunkLoads();
  #states = new Map<string, TrunkState>();
  #unwatch: Unwatch | null = null;
  #stops: (() => Promise<void>)[] = [];

  constructor(ports: LivePorts, admissions: Admissions) {
    this.#ports = ports;
    this.#admissions = admissions;
  }

  forNew(callId: string, edge: string): LiveView {
    const refuseOrdinary = this.#admissions.refusal(callId, { edge, callsPerSecond: this.#calls.at(this.#now()) });
    return { ...this.forCallsUnderWay, refuseOrdinary };
  }

  get closed(): FailureCode | null {
    return this.#admissions.closed();
  }

  countOrdinary(): void {
    this.#calls.count(this.#now());
  }

  placed(trunk: string): void {
    this.#loads.place(trunk);
  }

  start(): void {
    const { clock } = this.#ports;
    this.#stops = [
      repeat(clock, BOARD_MS, () => this.#followBoard()),
      repeat(clock, LOADS_MS, () => this.#readLoads()),
    ];
  }

  async stop(): Promise<void> {
    await Promise.all(this.#stops.splice(0).map((stop) => stop()));
    await this.#unwatch?.();
  }

  #now(): number {
    return this.#ports.clock.now();
  }

  async #readLoads(): Promise<RoundEnd> {
    await this.#loads.read(this.#ports.store);
    return "rest";
  }

  /** Changes come by watching; the whole board is read now and then in case one was missed. */
  async #followBoard(): Promise<RoundEnd> {
    if (this.#unwatch === null) {
      const watched = await this.#ports.health.watch((health) => this.#note(health));
      if (watched.ok) this.#unwatch = watched.value;
    }
    const board = await this.#ports.health.all();
    if (board.ok) this.#states = new Map([...board.value.values()].map(({ trunk, state }) => [trunk, state]));
    return "rest";
  }

  #note({ trunk, state }: TrunkHealth): void {
    this.#states.set(trunk, state);
  }
}
