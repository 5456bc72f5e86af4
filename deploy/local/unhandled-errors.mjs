import { writeFileSync } from "node:fs";

/** Names the file that the errors go to. */
export const ERRORS_FILE = "TANDEM_UNHANDLED_ERRORS";

/**
 * A reporter of vitest for what its JSON report leaves out: errors that nobody caught, of which a run fails though each of its tests passed. Each with the file of tests that it
 * came from, where vitest knows that.
 */
export default class UnhandledErrors {
  onTestRunEnd(_files, errors) {
    const file = process.env[ERRORS_FILE];
    if (file === undefined) return;
    const told = errors.map(({ message, VITEST_TEST_PATH: from }) => ({ message: message ?? "", file: from ?? null }));
    writeFileSync(file, JSON.stringify(told));
  }
}
