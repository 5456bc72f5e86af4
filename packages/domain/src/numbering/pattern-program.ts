import type { CharacterSet } from "./character-set.ts";
import type { PatternNode, Repetition } from "./pattern-syntax.ts";

/** Instructions of the matching machine, three numbers each: operation, x, y. */
export const operations = {
  /** Consume a character of `sets[x]`. */
  set: 0,
  /** Go on at x and at y; x is preferred. */
  fork: 1,
  /** Go on at x. */
  jump: 2,
  /** Note the position in slot x. */
  note: 3,
  accept: 4,
} as const;

export interface PatternProgram {
  readonly code: readonly number[];
  readonly sets: readonly CharacterSet[];
  /** Slots of `note`: two for each group. */
  readonly slots: number;
}

/** Most instructions of a program: bounds the time of one match to instructions × characters. */
export const maxInstructions = 1024;

/** Instructions that a node needs; Infinity when beyond any program. Counts before building, so that `(\d{64}){64}` costs nothing. */
export function instructionsOf(node: PatternNode): number {
  switch (node.kind) {
    case "set":
      return 1;
    case "sequence":
      return node.items.reduce((sum, item) => sum + instructionsOf(item), 0);
    case "choice":
      return node.options.reduce((sum, option) => sum + instructionsOf(option) + 2, 0);
    case "group":
      return instructionsOf(node.item) + 2;
    case "repeat": {
      const size = instructionsOf(node.item);
      const { min, max } = node.times;
      return max === Infinity ? size * Math.max(min, 1) + 3 : size * min + (size + 1) * (max - min);
    }
  }
}

/** Translates a node that passed `instructionsOf`. */
export function compileProgram(node: PatternNode, groups: number): PatternProgram {
  const builder = new ProgramBuilder();
  builder.add(node);
  builder.emit(operations.accept, 0, 0);
  return { code: builder.code, sets: builder.sets, slots: groups * 2 };
}

class ProgramBuilder {
  readonly code: number[] = [];
  readonly sets: CharacterSet[] = [];

  emit(operation: number, x: number, y: number): number {
    return this.code.push(operation, x, y) / 3 - 1;
  }

  add(node: PatternNode): void {
    switch (node.kind) {
      case "set":
        this.emit(operations.set, this.#setIndex(node.set), 0);
        return;
      case "sequence":
        for (const item of node.items) this.add(item);
        return;
      case "choice":
        this.#choice(node.options);
        return;
      case "group":
        this.emit(operations.note, node.index * 2 - 2, 0);
        this.add(node.item);
        this.emit(operations.note, node.index * 2 - 1, 0);
        return;
      case "repeat":
        this.#repeat(node.item, node.times);
        return;
    }
  }

  #choice(options: readonly PatternNode[]): void {
    const exits: number[] = [];
    options.forEach((option, position) => {
      if (position === options.length - 1) return this.add(option);
      const fork = this.emit(operations.fork, this.#here() + 1, 0);
      this.add(option);
      exits.push(this.emit(operations.jump, 0, 0));
      this.#patch(fork, 2, this.#here());
    });
    for (const exit of exits) this.#patch(exit, 1, this.#here());
  }

  #repeat(item: PatternNode, { min, max, lazy }: Repetition): void {
    const enter = lazy ? 2 : 1;
    const leave = lazy ? 1 : 2;
    for (let count = 0; count < min; count += 1) this.add(item);
    if (max === Infinity) {
      const fork = this.emit(operations.fork, 0, 0);
      this.#patch(fork, enter, this.#here());
      this.add(item);
      this.emit(operations.jump, fork, 0);
      this.#patch(fork, leave, this.#here());
      return;
    }
    const forks: number[] = [];
    for (let count = min; count < max; count += 1) {
      const fork = this.emit(operations.fork, 0, 0);
      this.#patch(fork, enter, this.#here());
      forks.push(fork);
      this.add(item);
    }
    for (const fork of forks) this.#patch(fork, leave, this.#here());
  }

  #here(): number {
    return this.code.length / 3;
  }

  #patch(instruction: number, operand: 1 | 2, target: number): void {
    this.code[instruction * 3 + operand] = target;
  }

  #setIndex(set: CharacterSet): number {
    const known = this.sets.indexOf(set);
    return known >= 0 ? known : this.sets.push(set) - 1;
  }
}
