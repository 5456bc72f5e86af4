import { maxInstructions, operations, type PatternProgram } from "./pattern-program.ts";

/**
 * Runs a program over a whole input in time bounded by instructions × characters, whatever both hold: all possible readings advance
 * together, one character at a time, and no reading is tried twice (Thompson's construction; with captures, Pike's).
 */
export function accepts(program: PatternProgram, input: string): boolean {
  let current = firstList;
  let next = secondList;
  current.clear();
  enter(program, current, 0);
  for (let at = 0; at < input.length; at += 1) {
    if (current.size === 0) return false;
    next.clear();
    step(program, current, next, input.charCodeAt(at));
    [current, next] = [next, current];
  }
  return current.accepted;
}

/** States alive at one position. */
class StateList {
  readonly states = new Int32Array(maxInstructions + 1);
  size = 0;
  accepted = false;
  readonly #seen = new Int32Array(maxInstructions + 1);
  #round = 0;

  clear(): void {
    this.size = 0;
    this.accepted = false;
    this.#round += 1;
    if (this.#round === 0x7fffffff) {
      this.#seen.fill(0);
      this.#round = 1;
    }
  }

  /** False when the instruction was entered at this position before. */
  mark(instruction: number): boolean {
    if (this.#seen[instruction] === this.#round) return false;
    this.#seen[instruction] = this.#round;
    return true;
  }
}

// Working memory of `accepts`, never alive between two calls.
const firstList = new StateList();
const secondList = new StateList();

function enter(program: PatternProgram, list: StateList, instruction: number): void {
  if (!list.mark(instruction)) return;
  const { code } = program;
  const at = instruction * 3;
  switch (code[at]) {
    case operations.fork:
      enter(program, list, code[at + 1] ?? 0);
      enter(program, list, code[at + 2] ?? 0);
      return;
    case operations.jump:
      enter(program, list, code[at + 1] ?? 0);
      return;
    case operations.note:
      enter(program, list, instruction + 1);
      return;
    case operations.accept:
      list.accepted = true;
      return;
    default:
      list.states[list.size] = instruction;
      list.size += 1;
  }
}

function step(program: PatternProgram, current: StateList, next: StateList, character: number): void {
  for (let index = 0; index < current.size; index += 1) {
    const instruction = current.states[index] ?? 0;
    const set = program.sets[program.code[instruction * 3 + 1] ?? 0];
    if (set !== undefined && set.has[character] === 1) enter(program, next, instruction + 1);
  }
}

interface Thread {
  readonly instruction: number;
  readonly notes: readonly number[];
}

/** The text of each group (index 0 is group 1) when the whole input matches, preferring what a backtracking matcher would; else null. */
export function captures(program: PatternProgram, input: string): readonly string[] | null {
  const run = new CaptureRun(program);
  let threads = run.start();
  for (let at = 0; at < input.length && threads.length > 0; at += 1) {
    threads = run.advance(threads, input.charCodeAt(at), at + 1);
  }
  const accepted = threads.find((thread) => program.code[thread.instruction * 3] === operations.accept);
  if (accepted === undefined) return null;
  const texts: string[] = [];
  for (let slot = 0; slot < program.slots; slot += 2) {
    const from = accepted.notes[slot] ?? -1;
    const to = accepted.notes[slot + 1] ?? -1;
    texts.push(from >= 0 && to >= from ? input.slice(from, to) : "");
  }
  return texts;
}

class CaptureRun {
  readonly #program: PatternProgram;
  #seen = new Set<number>();
  #list: Thread[] = [];

  constructor(program: PatternProgram) {
    this.#program = program;
  }

  start(): readonly Thread[] {
    this.#enter(
      0,
      Array.from({ length: this.#program.slots }, () => -1),
      0,
    );
    return this.#list;
  }

  advance(threads: readonly Thread[], character: number, at: number): readonly Thread[] {
    this.#seen = new Set();
    this.#list = [];
    for (const { instruction, notes } of threads) {
      const { code, sets } = this.#program;
      const consumes = code[instruction * 3] === operations.set;
      if (consumes && sets[code[instruction * 3 + 1] ?? 0]?.has[character] === 1)
        this.#enter(instruction + 1, notes, at);
    }
    return this.#list;
  }

  #enter(instruction: number, notes: readonly number[], at: number): void {
    if (this.#seen.has(instruction)) return;
    this.#seen.add(instruction);
    const { code } = this.#program;
    const x = code[instruction * 3 + 1] ?? 0;
    switch (code[instruction * 3]) {
      case operations.fork:
        this.#enter(x, notes, at);
        this.#enter(code[instruction * 3 + 2] ?? 0, notes, at);
        return;
      case operations.jump:
        this.#enter(x, notes, at);
        return;
      case operations.note:
        this.#enter(instruction + 1, notes.with(x, at), at);
        return;
      default:
        this.#list.push({ instruction, notes });
    }
  }
}
