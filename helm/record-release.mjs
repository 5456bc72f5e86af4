// Records, when a chart version is released, what later versions must not change: npm run record-release -w helm
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parse } from "yaml";
import { immutableFields } from "./test/support/immutable-fields.ts";
import { CASES, manifestsOf } from "./test/support/manifests.ts";

const { version } = parse(readFileSync(new URL("tandem/Chart.yaml", import.meta.url), "utf8"));
const folder = new URL("test/released/", import.meta.url);
const released = {};
for (const name of CASES) released[name] = immutableFields(await manifestsOf(name));
mkdirSync(folder, { recursive: true });
writeFileSync(new URL(`${version}.json`, folder), `${JSON.stringify(released, null, 2)}\n`);
