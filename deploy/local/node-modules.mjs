import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BootstrapError, EXIT } from "./exit-codes.mjs";
import { runToEnd } from "./run-to-end.mjs";

/** The checkout's top folder. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The npm package that carries Node 24 for this machine; the system's Node only boots us. */
const NODE_24_PACKAGE = `node-${process.platform}-${process.arch}`;

/** Makes node_modules equal to package-lock.json; does nothing when it already is. */
export async function ensureNodeModules() {
  if (isInstalled()) return;
  console.error("Installing npm packages (npm ci) …");
  const npm = process.env.npm_execpath;
  const command = npm === undefined ? ["npm", "ci"] : [process.execPath, npm, "ci"];
  // npm writes to stdout; ours may be read by a program (`--json`), so it goes to stderr.
  // NODE_ENV=production or an `omit` of the user's npm would leave out the tools and Node 24.
  // Without its warnings: dozens of packages want a newer Node than the one that boots us, and get it.
  const flags = ["--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"];
  const install = () => runToEnd([...command, ...flags], { cwd: ROOT, stdio: ["ignore", 2, 2] });
  // A registry that is away for a moment is there a moment later.
  const code = (await install()) === 0 ? 0 : await install();
  if (code !== 0) {
    throw new BootstrapError(`npm ci ended with code ${code}; its output above says why.`, EXIT.installFailed);
  }
}

/**
 * npm writes node_modules/.package-lock.json as its last act, so a broken-off installation has none, and every package of the lock
 * must stand in it with the same version. Packages for other platforms are optional and may be absent.
 */
function isInstalled() {
  const installedFile = join(ROOT, "node_modules", ".package-lock.json");
  if (!existsSync(installedFile)) return false;
  const wanted = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")).packages;
  if (wanted[`node_modules/${NODE_24_PACKAGE}`] !== undefined && findNode24() === undefined) return false;
  const installed = JSON.parse(readFileSync(installedFile, "utf8")).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "" || entry.optional === true || entry.devOptional === true) return true;
    if (installed[path] === undefined) return false;
    return installed[path]?.version === entry.version;
  });
}

/** @returns {string | undefined} Absolute path of the Node 24 that came with `npm ci`. */
function findNode24() {
  const path = join(ROOT, "node_modules", NODE_24_PACKAGE, "bin", "node");
  return existsSync(path) ? path : undefined;
}

/** @returns {string} Absolute path of Node 24. */
export function requireNode24() {
  const bundled = findNode24();
  if (bundled !== undefined) return bundled;
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath;
  throw new BootstrapError(
    `npm has no ${NODE_24_PACKAGE}; install Node 24 and start again with it.`,
    EXIT.missingRequirement,
  );
}

/**
 * The environment of everything we start: Node 24 and the project's tools come first, nothing reports home.
 * @returns {NodeJS.ProcessEnv}
 */
export function toolEnvironment() {
  const path = [dirname(requireNode24()), join(ROOT, "node_modules", ".bin"), process.env.PATH ?? ""];
  return { ...process.env, PATH: path.join(":"), TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
}
