import { ok, type Failure, type LisKey, type LisRow, type Result } from "@tandem/domain";
import type {
  LisEdition,
  LisPage,
  LisPublication,
  LisReplacement,
  LisState,
  LocationDatabase,
} from "../ports/location-database.ts";

const PAGE = 100;

/** A location database in memory. */
export class FakeLocationDatabase implements LocationDatabase {
  /** Replacements that were begun and neither completed nor abandoned, and those that were abandoned. */
  readonly replacements = { collecting: 0, abandoned: 0 };
  /** The next answers of `find`, instead of the truth: for databases that are away or slow. */
  readonly answers: Promise<Result<LisRow | null, Failure>>[] = [];
  /** Keys asked for, newest last. */
  readonly asked: (readonly LisKey[])[] = [];
  readonly #editions: Record<LisEdition, Map<LisKey, LisRow>> = { draft: new Map(), published: new Map() };
  /** Found not to answer: nobody in a hurry waits. */
  foundAway = false;
  #revision = 0;
  #published: LisState["published"] = null;

  isAway(): boolean {
    return this.foundAway;
  }

  find(keys: readonly LisKey[], among: LisEdition): Promise<Result<LisRow | null, Failure>> {
    this.asked.push(keys);
    const scripted = this.answers.shift();
    if (scripted !== undefined) return scripted;
    const key = keys.find((each) => this.#editions[among].has(each));
    return Promise.resolve(ok(key === undefined ? null : (this.#editions[among].get(key) ?? null)));
  }

  page(among: LisEdition, cursor: string): Promise<Result<LisPage, Failure>> {
    const from = Number(cursor);
    const all = [...this.#editions[among].values()];
    const end = from + PAGE;
    return Promise.resolve(ok({ rows: all.slice(from, end), next: end < all.length ? String(end) : "0" }));
  }

  state(): Promise<Result<LisState, Failure>> {
    const draft = { revision: this.#revision, rows: this.#editions.draft.size };
    return Promise.resolve(ok({ draft, published: this.#published }));
  }

  put(rows: readonly LisRow[]): Promise<Result<void, Failure>> {
    for (const row of rows) this.#editions.draft.set(row.key, row);
    if (rows.length > 0) this.#revision += 1;
    return Promise.resolve(ok(undefined));
  }

  remove(keys: readonly LisKey[]): Promise<Result<number, Failure>> {
    const removed = keys.filter((key) => this.#editions.draft.delete(key)).length;
    if (removed > 0) this.#revision += 1;
    return Promise.resolve(ok(removed));
  }

  replacement(): LisReplacement {
    const collected = new Map<LisKey, LisRow>();
    this.replacements.collecting += 1;
    return {
      add: (rows) => {
        for (const row of rows) collected.set(row.key, row);
        return Promise.resolve(ok(undefined));
      },
      commit: () => {
        this.#editions.draft = collected;
        this.#revision += 1;
        this.replacements.collecting -= 1;
        return Promise.resolve(ok(undefined));
      },
      abandon: () => {
        this.replacements.collecting -= 1;
        this.replacements.abandoned += 1;
        return Promise.resolve(ok(undefined));
      },
    };
  }

  publish({ revision, author, atMs }: LisPublication): Promise<Result<"published" | "changed" | "busy", Failure>> {
    if (revision !== this.#revision) return Promise.resolve(ok("changed"));
    this.#editions.published = new Map(this.#editions.draft);
    const version = (this.#published?.version ?? 0) + 1;
    this.#published = { version, rows: this.#editions.published.size, author, atMs, revision };
    return Promise.resolve(ok("published"));
  }
}
