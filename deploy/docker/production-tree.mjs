/**
 * Copies one application and everything it needs at run time, nothing else, into an empty folder:
 * `node deploy/docker/production-tree.mjs APP FOLDER`, in a checkout with `npm ci` and `turbo run build` done.
 *
 * npm itself cannot leave out the development dependencies of workspaces: to npm every workspace of the root is production code, the test kit too.
 */
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { execFileSync } from "node:child_process";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What of a third party's package nobody reads at run time. */
const IDLE = /\.(?:d\.[cm]?ts|map|md|markdown|tsbuildinfo)$/i;

/** Reproducible images name no build time of their own. */
const EPOCH_S = Number(process.env.SOURCE_DATE_EPOCH ?? 0);

/** @param {string} folder */
const manifest = (folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/**
 * The folder of a dependency as Node finds it: nearest node_modules upwards.
 * @param {string} from
 * @param {string} name
 */
function find(from, name) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(candidate)) return candidate;
    if (folder === ROOT) return undefined;
  }
}

/**
 * Every folder the application needs, found from its dependencies. Optional ones are left out: what they speed up works without.
 * @param {string} app
 */
function closure(app) {
  const workspaces = new Set();
  const packages = new Set();
  const start = join(ROOT, "apps", app);
  // npm wants to find every workspace among the modules, the application itself too.
  const links = new Map([[join(ROOT, "node_modules", manifest(start).name), start]]);
  const waiting = [start];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const isWorkspace = !folder.includes(`${sep}node_modules${sep}`);
    const found = isWorkspace ? workspaces : packages;
    if (found.has(folder)) continue;
    found.add(folder);
    const { dependencies = {}, peerDependencies = {}, optionalDependencies = {} } = manifest(folder);
    const optional = new Set(Object.keys(optionalDependencies));
    for (const name of [...Object.keys(dependencies), ...Object.keys(peerDependencies)]) {
      if (optional.has(name)) continue;
      const place = find(folder, name);
      // A peer that nobody installed is an optional one.
      if (place === undefined && name in peerDependencies) continue;
      if (place === undefined) throw new Error(`${name}, which ${folder} needs, is not installed`);
      const target = realpathSync(place);
      if (lstatSync(place).isSymbolicLink()) links.set(place, target);
      waiting.push(target);
    }
  }
  return { workspaces, packages, links };
}

/**
 * @param {string} folder
 * @param {string} out
 */
function copyWorkspace(folder, out) {
  const { files = ["dist"], devDependencies: _dev, scripts: _scripts, ...kept } = manifest(folder);
  const target = join(out, relative(ROOT, folder));
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "package.json"), `${JSON.stringify(kept, null, 2)}\n`);
  for (const file of files) {
    if (!existsSync(join(folder, file)))
      throw new Error(`${join(folder, file)} is missing: run \`npm run build\` first`);
    cpSync(join(folder, file), join(target, file), { recursive: true, filter: (from) => !IDLE.test(from) });
  }
}

/**
 * @param {string} folder
 * @param {string} out
 */
function copyPackage(folder, out) {
  const nested = join(folder, "node_modules");
  cpSync(folder, join(out, relative(ROOT, folder)), {
    recursive: true,
    // Nested packages come by themselves if they are needed.
    filter: (from) => from !== nested && !IDLE.test(from),
  });
}

/**
 * The list of components (CycloneDX), made by npm from what lies in the folder, without what differs from build to build.
 * @param {string} out
 */
function writeComponents(out) {
  const text = execFileSync("npm", ["sbom", "--sbom-format", "cyclonedx"], {
    cwd: out,
    encoding: "utf8",
    maxBuffer: 1e8,
  });
  const { serialNumber: _random, ...listed } = JSON.parse(text);
  listed.metadata.timestamp = new Date(EPOCH_S * 1_000).toISOString();
  const digest = createHash("sha256").update(JSON.stringify(listed)).digest("hex");
  const uuid = digest.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, "$1-$2-5$3-8$4-$5");
  writeFileSync(join(out, "sbom.cdx.json"), `${JSON.stringify({ ...listed, serialNumber: `urn:uuid:${uuid}` })}\n`);
}

const [app = "", out = ""] = process.argv.slice(2);
const { workspaces, packages, links } = closure(app);
const root = manifest(ROOT);
mkdirSync(out, { recursive: true });
const folders = [...workspaces].map((folder) => relative(ROOT, folder)).toSorted((a, b) => a.localeCompare(b));
const kept = { name: `tandem-${app}`, version: root.version, private: true, type: "module", workspaces: folders };
writeFileSync(join(out, "package.json"), `${JSON.stringify(kept, null, 2)}\n`);
for (const folder of workspaces) copyWorkspace(folder, out);
for (const folder of packages) copyPackage(folder, out);
for (const [place, target] of links) {
  const copy = join(out, relative(ROOT, place));
  mkdirSync(dirname(copy), { recursive: true });
  symlinkSync(relative(dirname(place), target), copy);
}
writeComponents(out);
