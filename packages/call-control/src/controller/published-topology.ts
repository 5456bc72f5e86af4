import type { Snapshot } from "@tandem/domain";
import { TopologyOffers, type CompileTopology } from "../live/topology-offers.ts";
import type { Clock, PublishedTopology, TopologySource, Unwatch } from "../ports/index.ts";
import type { ControllerObserver } from "./controller-observer.ts";

export interface PublishedTopologyPorts {
  readonly source: TopologySource;
  readonly compile: CompileTopology;
  readonly clock: Clock;
  readonly observer: ControllerObserver;
  /** Told of every topology that compiles. */
  readonly onChange: (snapshot: Snapshot) => void;
}

const RETRY_MS = 1_000;

/** Follows what is published. A document that does not compile is refused whole, with log and metric, and the one before stays. */
export class PublishedTopologyFollower {
  readonly #ports: PublishedTopologyPorts;
  readonly #offers: TopologyOffers;
  #current: Snapshot | null = null;
  #unwatch: Unwatch | null = null;
  #cancelRetry: () => void = () => undefined;
  #stopped = false;

  constructor(ports: PublishedTopologyPorts) {
    this.#ports = ports;
    this.#offers = new TopologyOffers(ports.compile);
  }

  get current(): Snapshot | null {
    return this.#current;
  }

  /** Resolves after the first look; keeps trying in the background while the source is away. */
  async start(): Promise<void> {
    const { source, clock } = this.#ports;
    const watched = await source.watch((topology) => void this.#offer(topology));
    const published = watched.ok ? await source.current() : watched;
    if (watched.ok && published.ok && !this.#stopped) {
      this.#unwatch = watched.value;
      if (published.value !== null) await this.#offer(published.value);
      return;
    }
    if (watched.ok) await watched.value();
    if (!this.#stopped) this.#cancelRetry = clock.after(RETRY_MS, () => void this.start());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelRetry();
    await this.#unwatch?.();
  }

  async #offer(published: PublishedTopology): Promise<void> {
    const compiled = await this.#offers.take(published);
    if (compiled === null || this.#stopped) return;
    const { version } = published;
    const { observer, onChange } = this.#ports;
    if (!compiled.ok) {
      observer.topologyRejected();
      const problems = compiled.error;
      observer.log("error", "topology refused, the previous one stays", { version, problems });
      return;
    }
    this.#current = compiled.value;
    observer.topology(version);
    observer.log("info", "topology in force", { version, trunks: compiled.value.trunks.size });
    onChange(compiled.value);
  }
}
