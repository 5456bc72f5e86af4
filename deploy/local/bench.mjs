/** `npm run bench`: installs what the comparison needs, then runs test-e2e/load/bench.ts under Node 24. */
import { join } from "node:path";
import { runBootstrap } from "./exit-codes.mjs";
import { ensureNodeModules, requireNode24, ROOT, toolEnvironment } from "./node-modules.mjs";
import { runInForeground } from "./run-to-end.mjs";
import { asksForHelp, ensurePrograms, findProgram, installPackages, REQUIREMENT } from "./system-packages.mjs";

async function main() {
  await ensureNodeModules();
  if (!asksForHelp(process.argv)) await ensureComparison();
  const entry = join(ROOT, "test-e2e", "load", "bench.ts");
  const flags = ["--conditions=@tandem/source", "--disable-warning=ExperimentalWarning"];
  return runInForeground([requireNode24(), ...flags, entry, ...process.argv.slice(2)], {
    cwd: ROOT,
    env: toolEnvironment(),
  });
}

async function ensureComparison() {
  const { redisServer, redisCli, sipp, taskset, kamailio } = REQUIREMENT;
  await ensurePrograms([redisServer, redisCli, sipp, taskset]);
  // The peer in the comparison keeps its state in Redis too; without that module it would be another program.
  if (findProgram(kamailio.program) === undefined) await installPackages(["kamailio", "kamailio-redis-modules"]);
}

await runBootstrap(main);
