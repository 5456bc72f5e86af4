import { existsSync, readFileSync } from "node:fs";

/**
 * How many tests ended how.
 * @typedef {{ readonly passed: number, readonly failed: number, readonly skipped: number }} Tally
 */

/** @type {Tally} */
export const NOTHING = Object.freeze({ passed: 0, failed: 0, skipped: 0 });

/**
 * Reads vitest's JSON report. A run that ended badly without a failed test (a file that does not load, an unhandled rejection,
 * no report at all) counts as one failure, so that the closing line never looks better than the run.
 * @param {string} file
 * @param {number} exitCode Of the run.
 * @returns {Tally}
 */
export function readTally(file, exitCode) {
  const report = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  const tests = (report.testResults ?? []).flatMap((suite) => suite.assertionResults ?? []);
  const count = (statuses) => tests.filter(({ status }) => statuses.includes(status)).length;
  const failed = count(["failed"]);
  return {
    passed: count(["passed"]),
    failed: exitCode !== 0 && failed === 0 ? 1 : failed,
    skipped: count(["pending", "skipped", "todo", "disabled"]),
  };
}

/**
 * @param {readonly Tally[]} tallies
 * @returns {Tally}
 */
export function addTallies(tallies) {
  return tallies.reduce(
    (sum, { passed, failed, skipped }) => ({
      passed: sum.passed + passed,
      failed: sum.failed + failed,
      skipped: sum.skipped + skipped,
    }),
    NOTHING,
  );
}

/** @param {Tally} tally The closing line of a test run, the form other programs read. */
export function formatTally({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
