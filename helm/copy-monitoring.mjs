// Copies rules and dashboards into the chart, which may only read files below itself. Run it after deploy/monitoring changed: npm run copy-monitoring -w helm
import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const from = new URL("../deploy/monitoring/", import.meta.url);
const to = new URL("tandem/files/", import.meta.url);

for (const folder of ["rules", "dashboards"]) {
  rmSync(fileURLToPath(new URL(folder, to)), { recursive: true, force: true });
  mkdirSync(new URL(`${folder}/`, to), { recursive: true });
  for (const name of readdirSync(new URL(`${folder}/`, from)))
    copyFileSync(new URL(`${folder}/${name}`, from), new URL(`${folder}/${name}`, to));
}
