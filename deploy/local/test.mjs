/** `npm test`: sets up and runs everything, in the order that fails fastest. Runs on Node 20 with nothing installed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BootstrapError, EXIT, runBootstrap } from "./exit-codes.mjs";
import { ensureNodeModules, ROOT, toolEnvironment } from "./node-modules.mjs";
import { runToEnd } from "./run-to-end.mjs";
import { ensurePrograms, offerPrograms, REQUIREMENT } from "./system-packages.mjs";
import {
  addTallies,
  filesToRunAgain,
  formatTally,
  loadReport,
  NOTHING,
  readReport,
  reporting,
  withSecondRun,
} from "./vitest-report.mjs";

/**
 * One thing `npm test` runs. `project`: a vitest project, whose report is counted; else `command`, which counts only when it fails.
 * @typedef {{ readonly name: string, readonly part: string, readonly command?: readonly string[], readonly project?: string }} Step
 */

/** @type {readonly Step[]} */
const STEPS = [
  { name: "format", part: "check", command: ["oxfmt", "--check", "."] },
  { name: "lint", part: "check", command: ["oxlint", "--type-aware"] },
  { name: "boundaries", part: "check", command: ["turbo", "boundaries"] },
  { name: "types", part: "check", command: ["tsc", "-b"] },
  { name: "types of tests", part: "check", command: ["tsc", "-p", "tsconfig.tests.json", "--noEmit"] },
  { name: "unit tests", part: "unit", project: "unit" },
  { name: "unused code", part: "check", command: ["knip"] },
  { name: "integration tests", part: "int", project: "int" },
  { name: "end-to-end tests", part: "e2e", project: "e2e" },
  { name: "end-to-end tests, fused pools", part: "e2e", project: "e2e-fused" },
  { name: "images", part: "images", project: "images" },
];

/** What each part needs from the system. */
const NEEDS = {
  check: [],
  unit: [REQUIREMENT.openssl],
  int: [REQUIREMENT.redisServer, REQUIREMENT.redisCli, REQUIREMENT.openssl, REQUIREMENT.promtool],
  e2e: [REQUIREMENT.redisServer, REQUIREMENT.sipp, REQUIREMENT.socat, REQUIREMENT.openssl, REQUIREMENT.prometheus],
  images: [REQUIREMENT.redisServer, REQUIREMENT.sipp],
};

/** `--only check` is the fast half of the whole, unit tests included. */
const PARTS = { check: ["check", "unit"], unit: ["unit"], int: ["int"], e2e: ["e2e"], images: ["images"] };

/** @param {readonly string[]} args */
function chosenParts(args) {
  if (args.length === 0) return Object.keys(NEEDS);
  const only = args[0] === "--only" ? args[1] : args[0].replace(/^--only=/, "");
  const parts = Object.hasOwn(PARTS, only ?? "") ? PARTS[only] : undefined;
  if (parts === undefined) {
    throw new BootstrapError("Usage: npm test [-- --only check|unit|int|e2e|images]", EXIT.usage);
  }
  return parts;
}

/**
 * @param {readonly string[]} command
 * @param {Readonly<Record<string, string>>} env What it gets besides.
 */
function run(command, env = {}) {
  return runToEnd(command, {
    cwd: ROOT,
    env: { ...toolEnvironment(), ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
}

/**
 * One run of vitest.
 * @param {string} project
 * @param {string} file Where its report goes.
 * @param {readonly string[]} files The files of tests to run; none: all of the project.
 */
async function runVitest(project, file, files = []) {
  const { args, env } = reporting(file);
  const code = await run(["vitest", "run", "--project", project, ...args, ...files], env);
  return { code, report: loadReport(file) };
}

/**
 * Runs a project, and the files of it that failed once more, from their start: a test that failed may have used up the cluster or the Redis that its file shares.
 * @param {string} project
 * @param {string} reports Folder for vitest's reports.
 */
async function runProject(project, reports) {
  const first = await runVitest(project, join(reports, `${project}.json`));
  const files = first.code === 0 ? [] : filesToRunAgain(first.report, ROOT);
  if (files.length === 0) return { code: first.code, ...readReport(first.report, first.code) };
  console.log(`\n── once more, from a fresh start: ${files.join(", ")} ──`);
  const second = await runVitest(project, join(reports, `${project}-again.json`), files);
  return { code: second.code, ...readReport(withSecondRun(first.report, second.report), second.code) };
}

/**
 * @param {Step} step
 * @param {string} reports Folder for vitest's reports.
 */
async function runStep({ name, command, project }, reports) {
  const started = performance.now();
  console.log(`\n── ${name} ──`);
  const ended = command === undefined ? await runProject(project, reports) : await runCommand(command);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`── ${name}: ${ended.code === 0 ? "ok" : `FAILED (code ${ended.code})`} in ${seconds} s`);
  return { name, seconds, ...ended };
}

/** @param {readonly string[]} command */
async function runCommand(command) {
  const code = await run(command);
  return { code, tally: { ...NOTHING, failed: code === 0 ? 0 : 1 }, remarks: [] };
}

/** @param {readonly Awaited<ReturnType<typeof runStep>>[]} results */
function printSummary(results) {
  console.log("\n── summary ──");
  for (const { name, code, seconds } of results) {
    console.log(`${code === 0 ? "ok    " : "FAILED"}  ${seconds.padStart(7)} s  ${name}`);
  }
  for (const remark of results.flatMap(({ remarks }) => remarks)) console.log(remark);
  console.log(`\n${formatTally(addTallies(results.map(({ tally }) => tally)))}`);
}

async function main() {
  const parts = chosenParts(process.argv.slice(2));
  await ensureNodeModules();
  await ensurePrograms(parts.flatMap((part) => NEEDS[part]));
  // Only some tests need it, and they say so.
  if (parts.includes("int") || parts.includes("e2e")) await offerPrograms([REQUIREMENT.rtpengine]);
  // Containers need rights that not every machine gives.
  if (parts.includes("images")) await offerPrograms([REQUIREMENT.dockerd]);
  const reports = mkdtempSync(join(tmpdir(), "tandem-test-"));
  try {
    const results = [];
    for (const step of STEPS.filter(({ part }) => parts.includes(part))) results.push(await runStep(step, reports));
    printSummary(results);
    return results.every(({ code }) => code === 0) ? 0 : 1;
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

await runBootstrap(main);
