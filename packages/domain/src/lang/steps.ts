/** A long computation that stops after every step: whoever runs it may do something else in between. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Units of work (compiled patterns and the like, some 10 µs each) between two stops. */
export const STEP = 100;

/** Runs it to the end without a stop. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
