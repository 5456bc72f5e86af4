/** `npm run plan`: what a busy hour takes. Runs on Node 20 with nothing installed. */
import { join } from "node:path";
import { runBootstrap } from "./exit-codes.mjs";
import { ensureNodeModules, requireNode24, ROOT, toolEnvironment } from "./node-modules.mjs";
import { runInForeground } from "./run-to-end.mjs";

async function main() {
  await ensureNodeModules();
  const entry = join(ROOT, "apps", "capacity-planner", "src", "main.ts");
  const flags = ["--conditions=@tandem/source", "--disable-warning=ExperimentalWarning"];
  return runInForeground([requireNode24(), ...flags, entry, ...process.argv.slice(2)], { env: toolEnvironment() });
}

await runBootstrap(main);
