/** `npm run survival`: installs what the storm needs, then runs test-e2e/survival/survival.ts under Node 24. */
import { join } from "node:path";
import { runBootstrap } from "./exit-codes.mjs";
import { ensureNodeModules, requireNode24, ROOT, toolEnvironment } from "./node-modules.mjs";
import { runInForeground } from "./run-to-end.mjs";
import { asksForHelp, ensurePrograms, REQUIREMENT } from "./system-packages.mjs";

async function main() {
  await ensureNodeModules();
  const { redisServer, redisCli, sipp } = REQUIREMENT;
  if (!asksForHelp(process.argv)) await ensurePrograms([redisServer, redisCli, sipp]);
  const entry = join(ROOT, "test-e2e", "survival", "survival.ts");
  const flags = ["--conditions=@tandem/source", "--disable-warning=ExperimentalWarning"];
  return runInForeground([requireNode24(), ...flags, entry, ...process.argv.slice(2)], {
    cwd: ROOT,
    env: toolEnvironment(),
  });
}

await runBootstrap(main);
