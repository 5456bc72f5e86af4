import { existsSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { ERRORS_FILE } from "./unhandled-errors.mjs";

/**
 * How many tests ended how.
 * @typedef {{ readonly passed: number, readonly failed: number, readonly skipped: number }} Tally
 */

/** @type {Tally} */
export const NOTHING = Object.freeze({ passed: 0, failed: 0, skipped: 0 });

/** As much of a failure's message as one line of the summary holds, in characters: how it begins, and how it ends ("so far: …" tells there what did come). */
const BEGINNING = 160;
const END = 150;

/** More failing files than that are no matter of one bad moment, and their time is saved. */
const MOST_FILES_AGAIN = 6;

/**
 * Vitest's JSON report, as much of it as is read here: one entry a file of tests. And the errors that nobody caught, each with the file of tests that it came from; null: unknown.
 * @typedef {{ readonly name: string, readonly status: string, readonly message?: string, readonly assertionResults?: readonly object[] }} FileResult
 * @typedef {{ readonly message: string, readonly file: string | null }} UnhandledError
 * @typedef {{ readonly testResults?: readonly FileResult[], readonly unhandledErrors?: readonly UnhandledError[] }} Report
 */

/** @param {string} file Where a report goes. */
const errorsOf = (file) => `${file}.errors`;

/**
 * What vitest is started with so that it leaves a report.
 * @param {string} file Where it goes.
 * @returns {{ readonly args: readonly string[], readonly env: Readonly<Record<string, string>> }}
 */
export function reporting(file) {
  const unhandled = join(import.meta.dirname, "unhandled-errors.mjs");
  const reporters = ["default", "json", unhandled].map((reporter) => `--reporter=${reporter}`);
  return { args: [...reporters, `--outputFile.json=${file}`], env: { [ERRORS_FILE]: errorsOf(file) } };
}

/**
 * @param {string} file
 * @returns {Report} Without a file of tests when the run left no report.
 */
export function loadReport(file) {
  const read = (path, otherwise) => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : otherwise);
  return { ...read(file, {}), unhandledErrors: read(errorsOf(file), []) };
}

/**
 * The files of a run that failed which are worth a second run: those that failed, where they alone explain the run's end. None where there are many, where a property did not hold for a
 * case (it gets no other chance), and where an error that nobody caught came from none of them.
 * @param {Report} report
 * @param {string} root What the paths are relative to.
 * @returns {readonly string[]}
 */
export function filesToRunAgain(report, root) {
  const files = failedFiles(report, root);
  const isExplained = (report.unhandledErrors ?? []).every(
    ({ file }) => file !== null && files.includes(relative(root, file)),
  );
  return files.length <= MOST_FILES_AGAIN && isExplained && !hasCounterexample(report) ? files : [];
}

/**
 * Files with a test that failed, or that failed as a whole: did not load, could not start what its tests stand on.
 * @param {Report} report
 * @param {string} root What the paths are relative to.
 * @returns {readonly string[]}
 */
function failedFiles({ testResults = [] }, root) {
  return testResults.filter(({ status }) => status === "failed").map(({ name }) => relative(root, name));
}

/** How fast-check begins to tell of a case that a property does not hold for. */
const COUNTEREXAMPLE = "Property failed after";

/**
 * A property did not hold for a case found at random: a defect, though the next run looks at other cases.
 * @param {Report} report
 */
function hasCounterexample({ testResults = [] }) {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults ?? []);
  return tests.some(({ failureMessages }) => (failureMessages ?? []).some((told) => told.includes(COUNTEREXAMPLE)));
}

/**
 * The report of a run some of whose files were run once more, from a fresh start: what counts of these is the second run; what failed in the first one is kept, so that the
 * summary tells of it.
 * @param {Report} first
 * @param {Report} second
 * @returns {Report}
 */
export function withSecondRun({ testResults: first = [] }, { testResults: second = [], unhandledErrors = [] }) {
  const again = new Map(second.map((result) => [result.name, result]));
  return { testResults: first.map((result) => secondTry(result, again.get(result.name))), unhandledErrors };
}

/**
 * @param {FileResult} first
 * @param {FileResult | undefined} second
 * @returns {FileResult}
 */
function secondTry(first, second) {
  if (second === undefined) return first;
  const failures = new Map((first.assertionResults ?? []).map((test) => [test.fullName, test.failureMessages ?? []]));
  const assertionResults = (second.assertionResults ?? []).map((test) => ({
    ...test,
    failureMessages: [...(failures.get(test.fullName) ?? []), ...(test.failureMessages ?? [])],
  }));
  return { ...second, message: second.message || first.message, assertionResults };
}

/**
 * What a report says. A run that ended badly without a failed test (a file that does not load, an unhandled rejection,
 * no report at all) counts as one failure, so that the closing line never looks better than the run.
 * @param {Report} report
 * @param {number} exitCode Of the run.
 * @returns {{ readonly tally: Tally, readonly remarks: readonly string[] }} `remarks`: a line for each test that failed or needed a second try, for each file that did as a whole, and for each
 *   error that nobody caught.
 */
export function readReport({ testResults: suites = [], unhandledErrors = [] }, exitCode) {
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
  return {
    tally,
    remarks: [
      ...suites.filter(wasWholeFailure).map(fileRemark),
      ...tests.filter(hadFailure).map(remark),
      ...unhandledErrors.map(errorRemark),
    ],
  };
}

/** A file that did not load, or whose set-up or end failed. */
function wasWholeFailure({ message }) {
  return (message ?? "") !== "";
}

function fileRemark({ name, status, message }) {
  return `${status === "failed" ? "failed" : "second try"}: ${basename(name)}: ${shortened(messageOf(message))}`;
}

function errorRemark({ file, message }) {
  return `failed: ${file === null ? "no file of tests" : basename(file)}: nobody caught: ${shortened(messageOf(message))}`;
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
