// Records, when a chart version is released, what later versions must not change: npm run record-release -w helm
// What a version recorded stays as it is; only cases that came after it are added to it.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parse } from "yaml";
import { immutableFields } from "./test/support/immutable-fields.ts";
import { CASES, manifestsOf } from "./test/support/manifests.ts";

const { version } = parse(readFileSync(new URL("tandem/Chart.yaml", import.meta.url), "utf8"));
const file = new URL(`test/released/${version}.json`, import.meta.url);
const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
const released = {};
for (const name of CASES) released[name] = before[name] ?? immutableFields(await manifestsOf(name));
writeFileSync(file, `${JSON.stringify({ ...released, ...before }, null, 2)}\n`);
