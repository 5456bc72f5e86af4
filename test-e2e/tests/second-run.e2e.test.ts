import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
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
  readonly unhandledErrors?: readonly { readonly message: string; readonly file: string | null }[];
}

interface Reports {
  readonly reporting: (file: string) => { readonly args: readonly string[]; readonly env: NodeJS.ProcessEnv };
  readonly loadReport: (file: string) => Report;
  readonly filesToRunAgain: (report: Report, root: string) => readonly string[];
  readonly withSecondRun: (first: Report, second: Report) => Report;
  readonly readReport: (
    report: Report,
    exitCode: number,
  ) => { readonly tally: object; readonly remarks: readonly string[] };
}

// What `npm test` runs before anything is installed is no TypeScript.
const ROOT = join(import.meta.dirname, "..", "..");
const place = join(ROOT, "deploy", "local", "vitest-report.mjs");
const { filesToRunAgain, loadReport, readReport, reporting, withSecondRun } = (await import(place)) as Reports;

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
    expect(filesToRunAgain(FIRST, "/project")).toEqual(["tests/used-up.test.ts", "tests/unborn.test.ts"]);
  });

  it("names none where many failed, or a property did not hold for some case", () => {
    const many = Array.from({ length: 7 }, (_, at) => file(`${at}.test.ts`, failed("e", "Error: no worker")));
    const told = "Error: Property failed after 7 tests\n{ seed: 1 }";
    const refuted = file("numbers.test.ts", failed("e", told));
    expect(filesToRunAgain({ testResults: many }, "/project")).toEqual([]);
    expect(filesToRunAgain({ testResults: many.slice(1) }, "/project")).toHaveLength(6);
    expect(filesToRunAgain({ testResults: [refuted] }, "/project")).toEqual([]);
  });

  it.each([
    ["a file that failed", "/project/tests/used-up.test.ts", 2],
    ["a sound one", "/project/tests/sound.test.ts", 0],
    ["nobody knows where", null, 0],
  ])("an error that nobody caught, from %s", (_what, from, again) => {
    const unhandledErrors = [{ message: "Error: nobody waits", file: from }];
    expect(filesToRunAgain({ ...FIRST, unhandledErrors }, "/project")).toHaveLength(again);
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

describe("a run of vitest", () => {
  const TESTS = {
    "failed.test.js": `it("fails", () => { throw new Error("no worker"); });`,
    "sound.test.js": `it("passes", async () => { Promise.reject(new Error("nobody waits")); await new Promise(setImmediate); });`,
  };

  it.each([
    ["a file that failed", ["failed.test.js"], ["failed.test.js"], []],
    ["besides an error that nobody caught in a sound one", ["failed.test.js", "sound.test.js"], [], ["sound.test.js"]],
  ] as const)("%s: names the files to run again, and what else went wrong", (_what, names, again, unhandled) => {
    const folder = mkdtempSync(join(tmpdir(), "tandem-second-run-"));
    try {
      for (const name of names) writeFileSync(join(folder, name), TESTS[name]);
      const told = join(folder, "report.json");
      const { args, env } = reporting(told);
      const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
      const command = [vitest, "run", "--root", folder, "--globals", ...args];
      expect(spawnSync(process.execPath, command, { cwd: ROOT, env: { ...process.env, ...env } }).status).toBe(1);
      const report = loadReport(told);
      expect(filesToRunAgain(report, folder)).toEqual(again);
      expect(report.unhandledErrors).toEqual(
        unhandled.map((name) => ({ message: "nobody waits", file: join(folder, name) })),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
