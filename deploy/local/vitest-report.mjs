import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";

/**
 * How many tests ended how.
 * @typedef {{ readonly passed: number, readonly failed: number, readonly skipped: number }} Tally
 */

/** @type {Tally} */
export const NOTHING = Object.freeze({ passed: 0, failed: 0, skipped: 0 });

/** As much of a failure's message as one line of the summary holds, in characters: how it begins, and how it ends ("so far: …" tells there what did come). */
const BEGINNING = 160;
const END = 150;

/**
 * Reads vitest's JSON report. A run that ended badly without a failed test (a file that does not load, an unhandled rejection,
 * no report at all) counts as one failure, so that the closing line never looks better than the run.
 * @param {string} file
 * @param {number} exitCode Of the run.
 * @returns {{ readonly tally: Tally, readonly remarks: readonly string[] }} `remarks`: a line for each test that failed or needed a second try.
 */
export function readReport(file, exitCode) {
  const report = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  const suites = report.testResults ?? [];
  const tests = suites.flatMap(({ name, assertionResults }) =>
    (assertionResults ?? []).map((result) => ({ ...result, file: basename(name) })),
  );
  const count = (statuses) => tests.filter(({ status }) => statuses.includes(status)).length;
  const failed = count(["failed"]);
  const tally = {
    passed: count(["passed"]),
    failed: exitCode !== 0 && failed === 0 ? 1 : failed,
    skipped: count(["pending", "skipped", "todo", "disabled"]),
  };
  return { tally, remarks: tests.filter(hadFailure).map(remark) };
}

/** A test that passed at its second try keeps the message of the first. */
function hadFailure({ failureMessages }) {
  return (failureMessages ?? []).length > 0;
}

function remark({ status, file, fullName, failureMessages }) {
  const [failure] = failureMessages;
  const line = lineIn(file, failure);
  const place = line === null ? file : `${file}:${line}`;
  return `${status === "failed" ? "failed" : "second try"}: ${place}: ${fullName}: ${shortened(messageOf(failure))}`;
}

/** Line of the first stack frame in the test's own file; null: none, as for a time limit. */
function lineIn(file, failure) {
  const frame = failure.split("\n").find((line) => /^\s+at /.test(line) && line.includes(`/${file}:`));
  return frame === undefined ? null : (/:(\d+):\d+\)?$/.exec(frame)?.[1] ?? null);
}

/** What comes before the stack, in one line. */
function messageOf(failure) {
  const [message = ""] = failure.split(/\n\s+at /, 1);
  return message.replaceAll(/\s+/g, " ").trim();
}

function shortened(message) {
  if (message.length <= BEGINNING + END) return message;
  return `${message.slice(0, BEGINNING)} … ${message.slice(-END)}`;
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
