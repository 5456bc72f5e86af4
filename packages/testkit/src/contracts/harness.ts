import type { Failure, Result } from "@tandem/domain";
import { expect } from "vitest";

/** What a contract suite runs against, made anew for every test. */
export interface Harness<Subject> extends AsyncDisposable {
  readonly subject: Subject;
  /** The same thing as another process sees it: a second instance over the same state. */
  another(): Subject;
  /** Lets time pass where the implementation's clock is the test's; does nothing where it is the real one, and the suite awaits the effect. */
  elapse(ms: number): Promise<void>;
}

/** The value of a result that must be a success. */
export function valueOf<T>(result: Result<T, Failure>): T {
  expect(result).toMatchObject({ ok: true });
  if (!result.ok) throw new Error(result.error.detail);
  return result.value;
}
