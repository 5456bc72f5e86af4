/** The numbers of a walk, each of them one decision. Used up, every further decision is the first of its kind. */
export class Choices {
  private readonly numbers: readonly number[];
  private at = 0;

  constructor(numbers: readonly number[]) {
    this.numbers = numbers;
  }

  get areUsedUp(): boolean {
    return this.at >= this.numbers.length;
  }

  /** A whole number from 0 on, smaller than `below`. */
  next(below: number): number {
    const value = this.numbers[this.at] ?? 0;
    this.at += 1;
    return value % below;
  }

  /** One of the values; undefined, and no number used, where there are none. */
  pick<T>(values: readonly T[]): T | undefined {
    return values.length === 0 ? undefined : values[this.next(values.length)];
  }
}
