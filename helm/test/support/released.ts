import { readdirSync, readFileSync } from "node:fs";

/** What cannot be changed of a case's objects, by `Kind/name`. */
export type Fixed = Readonly<Record<string, unknown>>;

/** What a released version recorded (npm run record-release -w helm), by case. */
export interface Release {
  readonly version: string;
  readonly cases: Readonly<Record<string, Fixed>>;
}

const FOLDER = new URL("../released/", import.meta.url);

/** Every release there was, the newest last. */
export const RELEASES: readonly Release[] = readdirSync(FOLDER)
  .map((name) => name.replace(/\.json$/, ""))
  .sort((one, other) => one.localeCompare(other, "en", { numeric: true }))
  .map((version) => ({ version, cases: recordOf(version) }));

function recordOf(version: string): Release["cases"] {
  return JSON.parse(readFileSync(new URL(`${version}.json`, FOLDER), "utf8")) as Release["cases"];
}

/** What a release had that may not go away: workloads, volumes, and names to connect to. */
const LASTING = /^(Deployment|StatefulSet|DaemonSet|Service|PriorityClass)\//;

/** What keeps an installation of `before` from being upgraded to `now`, by `Kind/name`. */
export function obstacles(before: Fixed, now: Fixed): readonly string[] {
  const gone = Object.keys(before).filter((name) => LASTING.test(name) && !(name in now));
  const changed = Object.keys(before).filter((name) => name in now && !same(before[name], now[name]));
  return [...gone.map((name) => `${name} went away`), ...changed.map((name) => `${name} changed`)];
}

/** Both come out of the same code, so equal fields have an equal order. */
const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
