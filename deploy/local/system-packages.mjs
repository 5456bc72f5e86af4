import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { BootstrapError, EXIT } from "./exit-codes.mjs";
import { runToEnd } from "./run-to-end.mjs";

/**
 * A program we need and the Debian package that brings it. `unwanted`: a system service in the package that must not run for our sake.
 * @typedef {{ readonly program: string, readonly debianPackage: string, readonly unwanted?: string }} Requirement
 */

/** @type {Readonly<Record<string, Requirement>>} */
export const REQUIREMENT = Object.freeze({
  redisServer: { program: "redis-server", debianPackage: "redis-server" },
  redisCli: { program: "redis-cli", debianPackage: "redis-tools" },
  sipp: { program: "sipp", debianPackage: "sip-tester" },
  socat: { program: "socat", debianPackage: "socat" },
  openssl: { program: "openssl", debianPackage: "openssl" },
  taskset: { program: "taskset", debianPackage: "util-linux" },
  prometheus: { program: "prometheus", debianPackage: "prometheus" },
  promtool: { program: "promtool", debianPackage: "prometheus" },
  dockerd: { program: "dockerd", debianPackage: "docker.io" },
  // Its service would change the machine's firewall.
  rtpengine: { program: "rtpengine", debianPackage: "rtpengine-daemon", unwanted: "rtpengine-daemon.service" },
  kamailio: { program: "kamailio", debianPackage: "kamailio" },
});

/**
 * Nothing is installed for somebody who only asks what there is.
 * @param {readonly string[]} args
 */
export function asksForHelp(args) {
  return args.includes("--help") || args.includes("-h");
}

/**
 * Installs what is missing, when that may be done without a question to anybody.
 * @param {readonly Requirement[]} requirements
 * @param {string} alternative What a person can do instead, added to the sentence of a refusal.
 */
export async function ensurePrograms(requirements, alternative = "") {
  const missing = requirements.filter(({ program }) => findProgram(program) === undefined);
  await keepFromStarting(missing.flatMap(({ unwanted }) => unwanted ?? []));
  if (missing.length > 0)
    await installPackages(
      missing.map(({ debianPackage }) => debianPackage),
      alternative,
    );
  const still = missing.find(({ program }) => findProgram(program) === undefined);
  if (still !== undefined) {
    throw new BootstrapError(
      `${still.debianPackage} was installed but there is still no ${still.program} in PATH.`,
      EXIT.installFailed,
    );
  }
}

/**
 * Masks services before the package that would start them is installed. A machine that has the package already is left as it is.
 * @param {readonly string[]} services
 */
async function keepFromStarting(services) {
  const rights = await rootPrefix();
  if (services.length === 0 || rights === undefined || !existsSync("/run/systemd/system")) return;
  await runToEnd([...rights, "systemctl", "mask", ...services], { stdio: ["ignore", 2, 2] });
}

/**
 * Installs what is missing if it can; who may do without goes on without, with a sentence to the person.
 * @param {readonly Requirement[]} requirements
 */
export async function offerPrograms(requirements) {
  try {
    await ensurePrograms(requirements);
  } catch (error) {
    if (!(error instanceof BootstrapError)) throw error;
    console.error(`${error.message} What needs it is left out.`);
  }
}

/**
 * Installs Debian packages by name.
 * @param {readonly string[]} packages
 * @param {string} alternative
 */
export async function installPackages(packages, alternative = "") {
  const names = [...new Set(packages)];
  const wish = `${names.join(", ")} ${names.length === 1 ? "is" : "are"} missing`;
  if (findProgram("apt-get") === undefined) {
    throw new BootstrapError(
      `${wish} and this system has no apt-get: install with your package manager${alternative}.`,
      EXIT.missingRequirement,
    );
  }
  const rights = await rootPrefix();
  if (rights === undefined) {
    throw new BootstrapError(
      `${wish} and this user may not install: run \`sudo apt-get update && sudo apt-get install ${names.join(" ")}\`${alternative}.`,
      EXIT.missingRequirement,
    );
  }
  console.error(`Installing ${names.join(", ")} (apt-get) …`);
  if ((await aptGet(rights, ["install", "-y", "--no-install-recommends", ...names])) === 0) return;
  // A new machine has no package lists, or old ones that name versions no longer served.
  await aptGet(rights, ["update"]);
  const code = await aptGet(rights, ["install", "-y", "--no-install-recommends", ...names]);
  if (code !== 0) {
    throw new BootstrapError(
      `apt-get could not install ${names.join(", ")}; its output above says why.`,
      EXIT.installFailed,
    );
  }
}

/**
 * @param {string} program
 * @returns {string | undefined} Its absolute path. Debian keeps servers in sbin, which a plain user's PATH may lack.
 */
export function findProgram(program) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @returns {Promise<readonly string[] | undefined>} What to put before a command that needs root; undefined: not allowed. */
async function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  const allowed = await runToEnd(["sudo", "-n", "true"], { stdio: "ignore" });
  return allowed === 0 ? ["sudo", "-n"] : undefined;
}

/**
 * @param {readonly string[]} rights
 * @param {readonly string[]} args
 */
function aptGet(rights, args) {
  // `env` because sudo drops the environment; the lock timeout because a new machine often runs its own apt at start.
  const environment = ["env", "DEBIAN_FRONTEND=noninteractive"];
  return runToEnd([...rights, ...environment, "apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", ...args], {
    stdio: ["ignore", 2, 2],
  });
}
