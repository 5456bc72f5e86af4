import { join } from "node:path";
import { describe, expect, it } from "vitest";

interface TestResult {
  readonly fullName: string;
  readonly status: "passed" | "failed" | "skipped";
  readonly failureMessages: readonly string[];
}

interface FileResult {
  readonly name: string;
  readonly status: "passed" | "failed";
  readonly message: string;
  readonly assertionResults: readonly TestResult[];
}

interface Report {
  readonly testResults?: readonly FileResult[];
}

interface Reports {
  readonly hasCounterexample: (report: Report) => boolean;
  readonly failedFiles: (report: Report, root: string) => readonly string[];
  readonly withSecondRun: (first: Report, second: Report) => Report;
  readonly readReport: (
    report: Report,
    exitCode: number,
  ) => { readonly tally: object; readonly remarks: readonly string[] };
}

// What `npm test` runs before anything is installed is no TypeScript.
const place = join(import.meta.dirname, "..", "..", "deploy", "local", "vitest-report.mjs");
const { failedFiles, hasCounterexample, withSecondRun, readReport } = (await import(place)) as Reports;

const passed = (fullName: string): TestResult => ({ fullName, status: "passed", failureMessages: [] });
const failed = (fullName: string, said: string): TestResult => ({
  fullName,
  status: "failed",
  failureMessages: [said],
});

function file(name: string, ...assertionResults: readonly TestResult[]): FileResult {
  const status = assertionResults.some((test) => test.status === "failed") ? "failed" : "passed";
  return { name: `/project/tests/${name}`, status, message: "", assertionResults };
}

const FIRST: Report = {
  testResults: [
    file("sound.test.ts", passed("a")),
    file("used-up.test.ts", passed("b"), failed("c", "Error: no worker")),
    { ...file("unborn.test.ts"), status: "failed", message: "the cluster ended with code 1" },
  ],
};

/** What `npm test` makes of files of tests that it ran once more. */
describe("the report of a run, some of whose files were run once more", () => {
  it("names the files to run again: those with a failed test, and those that failed as a whole", () => {
    expect(failedFiles(FIRST, "/project")).toEqual(["tests/used-up.test.ts", "tests/unborn.test.ts"]);
  });

  it("knows a property that did not hold for some case", () => {
    const told = "Error: Property failed after 7 tests\n{ seed: 1 }";
    expect(hasCounterexample(FIRST)).toBe(false);
    expect(hasCounterexample({ testResults: [file("numbers.test.ts", failed("e", told))] })).toBe(true);
  });

  it("counts the second run of these, and tells what failed in the first", () => {
    const second = {
      testResults: [file("used-up.test.ts", passed("b"), passed("c")), file("unborn.test.ts", passed("d"))],
    };
    const { tally, remarks } = readReport(withSecondRun(FIRST, second), 0);
    expect(tally).toEqual({ passed: 4, failed: 0, skipped: 0 });
    expect(remarks).toEqual([
      "second try: unborn.test.ts: the cluster ended with code 1",
      "second try: used-up.test.ts: c: Error: no worker",
    ]);
  });

  it("is one of a failure, when a file fails again", () => {
    const second = { testResults: [file("used-up.test.ts", passed("b"), failed("c", "Error: no worker"))] };
    const { tally, remarks } = readReport(withSecondRun(FIRST, second), 1);
    expect(tally).toEqual({ passed: 2, failed: 1, skipped: 0 });
    expect(remarks).toContain("failed: used-up.test.ts: c: Error: no worker");
    expect(remarks).toContain("failed: unborn.test.ts: the cluster ended with code 1");
  });

  it("is one of a failure, when the second run left no report", () => {
    expect(readReport(withSecondRun(FIRST, {}), 1).tally).toEqual({ passed: 2, failed: 1, skipped: 0 });
  });
});
