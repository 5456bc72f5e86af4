/** `npm start`: installs what is missing, then runs the local cluster under Node 24. Runs on Node 20 with nothing installed. */
import { join } from "node:path";
import { runBootstrap } from "./exit-codes.mjs";
import { ensureNodeModules, requireNode24, ROOT, toolEnvironment } from "./node-modules.mjs";
import { runInForeground } from "./run-to-end.mjs";
import { ensurePrograms, REQUIREMENT } from "./system-packages.mjs";

/** A cluster that is given its Redis needs none of its own. */
function bringsRedis(args) {
  return process.env.TANDEM_REDIS !== undefined || args.some((arg) => arg === "--redis" || arg.startsWith("--redis="));
}

async function main() {
  const args = process.argv.slice(2);
  const asksForHelp = args.includes("--help") || args.includes("-h");
  await ensureNodeModules();
  if (!asksForHelp && !bringsRedis(args)) {
    await ensurePrograms([REQUIREMENT.redisServer], ", or give one with `--redis redis://host:port`");
  }
  const entry = join(ROOT, "apps", "local-cluster", "src", "main.ts");
  const flags = ["--conditions=@tandem/source", "--disable-warning=ExperimentalWarning"];
  return runInForeground([requireNode24(), ...flags, entry, ...args], { env: toolEnvironment() });
}

await runBootstrap(main);
