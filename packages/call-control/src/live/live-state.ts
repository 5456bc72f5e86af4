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

const LOADS_MS = 1_000;
const BOARD_MS = 10_000;

export interface LivePorts {
  readonly store: CallStore;
  readonly health: TrunkHealthBoard;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/**
 * Trunk health and loads as this worker knows them. What cannot be read stays as it was: stale is better than empty. Loads are a second old at
 * most; the exact limits are held by the gate when an attempt starts.
 */
export class LiveState implements LiveView {
  readonly #ports: LivePorts;
  readonly #refusal: () => FailureCode | null;
  #states = new Map<string, TrunkState>();
  #loads: ReadonlyMap<string, number> = new Map();
  #unwatch: Unwatch | null = null;
  #stops: (() => Promise<void>)[] = [];

  constructor(ports: LivePorts, refusal: () => FailureCode | null) {
    this.#ports = ports;
    this.#refusal = refusal;
  }

  /** Every call asks the gate, so what a load says of a second ago refuses nobody. */
  readonly limitsHeldByGate = true;

  get refuseOrdinary(): FailureCode | null {
    return this.#refusal();
  }

  trunkState(trunk: string): TrunkState {
    return this.#states.get(trunk) ?? "unknown";
  }

  trunkLoad(trunk: string): number {
    return this.#loads.get(trunk) ?? 0;
  }

  /** A drain of the own pool is in `refuseOrdinary`; another pool's workers refuse for themselves. */
  poolDraining(): boolean {
    return false;
  }

  /** The same for a call that is up already: neither drain nor overload concern it. */
  get forCallsUnderWay(): LiveView {
    return {
      trunkState: (trunk) => this.trunkState(trunk),
      trunkLoad: (trunk) => this.trunkLoad(trunk),
      poolDraining: () => false,
      refuseOrdinary: null,
      limitsHeldByGate: true,
    };
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

  async #readLoads(): Promise<RoundEnd> {
    const loads = await this.#ports.store.loads();
    if (loads.ok) this.#loads = loads.value;
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
