// Adds to package-lock.json the optional packages of other platforms that `npm install` left out because the registry in use does not carry them.
// Without them `npm ci` calls the lockfile out of step. They stand there without an integrity hash: no machine of this platform ever fetches them.
// Run it after every `npm install` that changes the lockfile: node deploy/local/complete-lockfile.mjs
import { readFileSync, writeFileSync } from "node:fs";

const systems = [
  "darwin",
  "win32",
  "windows",
  "linux",
  "android",
  "freebsd",
  "openbsd",
  "netbsd",
  "sunos",
  "aix",
  "openharmony",
];
const processors = ["arm64", "x64", "64", "ia32", "arm", "ppc64", "riscv64", "s390x", "loong64", "mips64el", "wasm32"];
const aliases = { windows: "win32", 64: "x64" };

/** The system and processor a platform package is for, read from its name; the wrong ones are never installed. */
function platformOf(name) {
  const words = name.split(/[-/]/);
  const named = (known) => words.filter((word) => known.includes(word)).map((word) => aliases[word] ?? word);
  const [os, cpu] = [named(systems), named(processors)];
  return { ...(cpu.length > 0 ? { cpu } : {}), ...(os.length > 0 ? { os } : {}) };
}

const file = new URL("../../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));
for (const [, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`;
    if (lock.packages[place] !== undefined) continue;
    lock.packages[place] = { version: range.replace(/^[\^~]/, ""), ...platformOf(name), optional: true };
  }
}
const [root, ...places] = Object.keys(lock.packages);
const sorted = [root, ...places.sort((left, right) => left.localeCompare(right, "en"))];
lock.packages = Object.fromEntries(sorted.map((place) => [place, lock.packages[place]]));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
