import type { Snapshot } from "@tandem/domain";
import { isNewerPublication, NOTHING_PUBLISHED, type PublicationMark } from "../live/newer-topology.ts";
import type { CompileTopology } from "../live/topology-in-force.ts";
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
/** Problems shown in the log. */
const MOST_PROBLEMS = 10;

/** Follows what is published. A document that does not compile is refused whole, with log and metric, and the one before stays. */
export class PublishedTopologyFollower {
  readonly #ports: PublishedTopologyPorts;
  #current: Snapshot | null = null;
  #seen: PublicationMark = NOTHING_PUBLISHED;
  #unwatch: Unwatch | null = null;
  #cancelRetry: () => void = () => undefined;
  #stopped = false;

  constructor(ports: PublishedTopologyPorts) {
    this.#ports = ports;
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
    if (!isNewerPublication(published, this.#seen)) return;
    this.#seen = published;
    const { version, json } = published;
    const { compile, observer, onChange } = this.#ports;
    const compiled = await compile(json);
    // Another one was published meanwhile.
    if (this.#seen !== published || this.#stopped) return;
    if (!compiled.ok) {
      observer.topologyRejected();
      const problems = compiled.error.slice(0, MOST_PROBLEMS);
      observer.log("error", "topology refused, the previous one stays", { version, problems });
      return;
    }
    this.#current = compiled.value;
    observer.topology(version);
    observer.log("info", "topology in force", { version, trunks: compiled.value.trunks.size });
    onChange(compiled.value);
  }
}
