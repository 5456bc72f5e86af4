import { writeFileSync } from "node:fs";
import { generatedFiles } from "../src/index.ts";

for (const [path, text] of generatedFiles()) {
  writeFileSync(new URL(`../../../deploy/monitoring/${path}`, import.meta.url), text);
}
