import { connecting, heard, isAway, looked, unasked, type SignsOfLife } from "./signs-of-life.ts";

/** How often every primary is asked for a sign of life. */
const LOOK_EVERY_MS = 100;

export interface AbsenceWatchParts {
  /** The primaries as they are now, each with a key it keeps. */
  readonly primaries: () => ReadonlyMap<string, string>;
  /** Asks for the key; true: an answer came. Ends at some time, and never rejects. */
  readonly ask: (key: string) => Promise<boolean>;
  /** Told when a primary is found to be away, when it answers again, and when it is none any more. `away`: how many are. */
  readonly onChange: (primary: string, isAway: boolean, away: number) => void;
}

/** Asks every primary for a sign of life, whether or not anybody wants something of it, so that who comes later need not find out by waiting. */
export class AbsenceWatch {
  readonly #parts: AbsenceWatchParts;
  readonly #signs = new Map<string, SignsOfLife>();
  /** Some primary has answered. */
  #connected = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: AbsenceWatchParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  isAway(primary: string): boolean {
    return isAway(this.#signs.get(primary) ?? unasked);
  }

  look(): void {
    const primaries = this.#parts.primaries();
    for (const gone of [...this.#signs.keys()].filter((known) => !primaries.has(known))) {
      this.#note(gone, unasked);
      this.#signs.delete(gone);
    }
    const unknown = this.#connected ? unasked : connecting;
    for (const [primary, key] of primaries) {
      const { signs, ask } = looked(this.#signs.get(primary) ?? unknown);
      this.#note(primary, signs);
      if (ask) void this.#ask(primary, key);
    }
  }

  async #ask(primary: string, key: string): Promise<void> {
    const isAnswer = await this.#parts.ask(key);
    this.#connected ||= isAnswer;
    const signs = this.#signs.get(primary);
    if (signs !== undefined) this.#note(primary, heard(signs, isAnswer));
  }

  #note(primary: string, signs: SignsOfLife): void {
    const wasAway = this.isAway(primary);
    this.#signs.set(primary, signs);
    if (isAway(signs) === wasAway) return;
    const away = [...this.#signs.values()].filter(isAway).length;
    this.#parts.onChange(primary, !wasAway, away);
  }
}
