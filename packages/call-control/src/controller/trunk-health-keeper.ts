import {
  nextLookMs,
  nextTrunkHealth,
  unknownHealth,
  type Failure,
  type Result,
  type Topology,
  type Trunk,
  type TrunkEvidence,
} from "@tandem/domain";
import type {
  Clock,
  ProbeExchange,
  ProbeSchedule,
  TrunkHealth,
  TrunkHealthBoard,
  TrunkSignal,
  Unwatch,
} from "../ports/index.ts";
import type { ControllerObserver } from "./controller-observer.ts";
import type { LeaderTerm } from "./leadership.ts";
import { repeat, type RoundEnd } from "../timing/repeat.ts";

export interface TrunkHealthPorts {
  readonly board: TrunkHealthBoard & { forget(trunk: string, epoch: number): Promise<Result<void, Failure>> };
  readonly probes: ProbeExchange;
  readonly schedule: ProbeSchedule;
  readonly clock: Clock;
  readonly observer: ControllerObserver;
}

const SIGNALS_MS = 500;
const SIGNAL_BATCH = 500;
const RETRY_MS = 1_000;

/**
 * Turns probes and passive signals into trunk health, for one term of a leader: what an earlier leader wrote on the board is where it starts from.
 * A probe that no worker took says nothing about the trunk, so its health stays.
 */
export class TrunkHealthKeeper {
  readonly #ports: TrunkHealthPorts;
  readonly #term: LeaderTerm;
  #trunks: ReadonlyMap<string, Trunk> = new Map();
  readonly #health = new Map<string, TrunkHealth>();
  /** Trunks whose health on the board is not the latest. */
  readonly #unwritten = new Set<string>();
  #probeSerial = 0;
  #stops: (() => Promise<unknown>)[] = [];

  constructor(ports: TrunkHealthPorts, term: LeaderTerm) {
    this.#ports = ports;
    this.#term = term;
  }

  /** Begins the term with the topology in force; keeps trying while the board or the schedule is away. */
  start(topology: Topology): void {
    this.#trunks = trunksOf(topology);
    const { clock } = this.#ports;
    let ready = false;
    this.#stops = [
      repeat(clock, RETRY_MS, async (): Promise<RoundEnd> => {
        ready ||= await this.#takeOver();
        return "rest";
      }),
      repeat(clock, SIGNALS_MS, () => (ready ? this.#round() : Promise.resolve("rest"))),
    ];
  }

  /** Follows a new topology during the term. */
  async follow(topology: Topology): Promise<void> {
    this.#trunks = trunksOf(topology);
    await this.#forgetRemoved();
    await this.#replaceSchedule();
  }

  async stop(): Promise<void> {
    // A take-over under way may add its own end while the others are awaited.
    while (this.#stops.length > 0) {
      const stops = this.#stops.splice(0);
      await Promise.all(stops.map((stop) => stop()));
    }
    this.#health.clear();
    this.#unwritten.clear();
  }

  async #takeOver(): Promise<boolean> {
    const { board, schedule, observer } = this.#ports;
    const known = await board.all();
    if (!known.ok) return this.#complain("trunk health cannot be read", known.error);
    for (const [trunk, health] of known.value) this.#health.set(trunk, health);
    await this.#forgetRemoved();
    if (!(await this.#replaceSchedule())) return false;
    const running = await schedule.run((trunk) => this.#look(trunk));
    if (!running.ok) return this.#complain("probe schedule cannot be run", running.error);
    this.#stops.push(running.value satisfies Unwatch);
    observer.log("info", "trunk probing begun", { trunks: this.#trunks.size });
    return true;
  }

  async #round(): Promise<RoundEnd> {
    const taken = await this.#ports.board.takeSignals(SIGNAL_BATCH);
    const signals = taken.ok ? taken.value : [];
    for (const signal of signals) {
      if (this.#trunks.get(signal.trunk)?.settings.probe.watchCalls === true)
        this.#judge(signal.trunk, evidenceOf(signal));
    }
    await this.#writeChanges();
    return signals.length === SIGNAL_BATCH ? "again" : "rest";
  }

  /** A trunk is due: for a probe, or its rest is over. */
  async #look(name: string): Promise<void> {
    const { clock } = this.#ports;
    const trunk = this.#trunks.get(name);
    if (trunk === undefined) return;
    if (trunk.settings.probe.enabled) await this.#probe(trunk);
    else this.#judge(name, { kind: "rest-over", atMs: clock.now() });
    await this.#writeChanges();
  }

  async #probe(trunk: Trunk): Promise<void> {
    const { probes, clock, observer } = this.#ports;
    this.#probeSerial += 1;
    const id = `${this.#term.nodeId}-${clock.now()}-${this.#probeSerial}`;
    const { timeoutMs } = trunk.settings.probe;
    const result = await probes.request({ id, trunk: trunk.name, pool: trunk.pool, timeoutMs });
    if (!result.ok) {
      observer.log("warn", "trunk not probed", { trunk: trunk.name, failure: result.error.code });
      return;
    }
    observer.probe(result.value);
    const { outcome, code } = result.value;
    this.#judge(trunk.name, { kind: "probe", outcome, code, atMs: clock.now() });
  }

  #judge(name: string, evidence: TrunkEvidence): void {
    const trunk = this.#trunks.get(name);
    if (trunk === undefined) return;
    const before = this.#health.get(name) ?? unknownHealth(name, 0);
    const after = nextTrunkHealth(before, evidence, trunk.settings.probe);
    if (isSame(before, after)) return;
    this.#health.set(name, after);
    this.#unwritten.add(name);
    if (before.state !== after.state) this.#announce(before, after, trunk);
  }

  #announce(before: TrunkHealth, after: TrunkHealth, trunk: Trunk): void {
    const { observer, schedule } = this.#ports;
    const { state, reason, failures } = after;
    const level = state === "down" ? "warn" : "info";
    observer.trunkTransition(after);
    observer.log(level, "trunk health changed", { trunk: trunk.name, from: before.state, state, reason, failures });
    const everyMs = nextLookMs(after, trunk.settings.probe);
    const told = everyMs === null ? schedule.cancel(trunk.name) : schedule.reschedule({ trunk: trunk.name, everyMs });
    void told.then((result) => (result.ok ? true : this.#complain("probe cannot be rescheduled", result.error)));
  }

  async #writeChanges(): Promise<void> {
    for (const name of this.#unwritten) {
      const health = this.#health.get(name);
      this.#unwritten.delete(name);
      if (health === undefined) continue;
      const written = await this.#ports.board.set(health, this.#term.epoch);
      if (written.ok) continue;
      this.#unwritten.add(name);
      return;
    }
  }

  async #forgetRemoved(): Promise<void> {
    for (const name of this.#health.keys()) {
      if (this.#trunks.has(name)) continue;
      const forgotten = await this.#ports.board.forget(name, this.#term.epoch);
      if (forgotten.ok) this.#health.delete(name);
    }
  }

  async #replaceSchedule(): Promise<boolean> {
    const entries = [...this.#trunks.values()].flatMap(({ name, settings }) => {
      const everyMs = nextLookMs(this.#health.get(name) ?? unknownHealth(name, 0), settings.probe);
      return everyMs === null ? [] : [{ trunk: name, everyMs }];
    });
    const replaced = await this.#ports.schedule.replace(entries);
    return replaced.ok || this.#complain("probe schedule cannot be written", replaced.error);
  }

  #complain(message: string, { code, detail }: Failure): false {
    this.#ports.observer.log("warn", message, { failure: code, detail });
    return false;
  }
}

/** A trunk that is switched off is not watched. */
function trunksOf(topology: Topology): ReadonlyMap<string, Trunk> {
  return new Map(topology.trunks.filter(({ settings }) => settings.enabled).map((trunk) => [trunk.name, trunk]));
}

function evidenceOf({ outcome, code, atMs }: TrunkSignal): TrunkEvidence {
  return { kind: "attempt", outcome, code, atMs };
}

function isSame(a: TrunkHealth, b: TrunkHealth): boolean {
  return (
    a === b ||
    (a.state === b.state &&
      a.failures === b.failures &&
      a.successes === b.successes &&
      a.lastCode === b.lastCode &&
      a.reason === b.reason)
  );
}
