import { err, type Result, type Snapshot } from "@tandem/domain";
import type { PublishedTopology } from "../ports/index.ts";
import { isNewerPublication, NOTHING_PUBLISHED, type PublicationMark } from "./newer-topology.ts";

/** Reads a published document and compiles it; problems are sentences for people, without personal data. */
export type CompileTopology = (json: string) => Promise<Result<Snapshot, readonly string[]>>;

/** Problems shown in the log. */
const MOST_PROBLEMS = 10;

/** Publications as they are offered to whoever follows them: each counts once, the newest of those that came, and none that does not compile. */
export class TopologyOffers {
  readonly #compile: CompileTopology;
  #seen: PublicationMark = NOTHING_PUBLISHED;

  constructor(compile: CompileTopology) {
    this.#compile = compile;
  }

  /** Nothing was offered yet. */
  get none(): boolean {
    return this.#seen === NOTHING_PUBLISHED;
  }

  /** What the document compiles to, or its first problems; null: it is not newer, or another one was offered meanwhile, for compiling takes its time. */
  async take(offered: PublishedTopology): Promise<Result<Snapshot, readonly string[]> | null> {
    if (!isNewerPublication(offered, this.#seen)) return null;
    this.#seen = offered;
    const compiled = await this.#compile(offered.json);
    if (this.#seen !== offered) return null;
    return compiled.ok ? compiled : err(compiled.error.slice(0, MOST_PROBLEMS));
  }
}
