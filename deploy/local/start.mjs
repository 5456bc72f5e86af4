/** `npm start`: installs what is missing, then runs the local cluster under Node 24. Runs on Node 20 with nothing installed. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { runBootstrap } from "./exit-codes.mjs";
import { ensureNodeModules, requireNode24, ROOT, toolEnvironment } from "./node-modules.mjs";
import { runInForeground } from "./run-to-end.mjs";
import { asksForHelp, ensurePrograms, REQUIREMENT } from "./system-packages.mjs";

/** A cluster that is given its Redis, by option, environment or topology, needs none of its own. */
function bringsRedis(args) {
  const named = process.env.TANDEM_REDIS || optionValue(args, "--redis");
  if (named) return true;
  const topology = optionValue(args, "--topology");
  if (topology === undefined) return false;
  const file = resolve(process.env.INIT_CWD ?? process.cwd(), topology);
  // The YAML reader comes with npm ci only; a top-level key is plain enough.
  return existsSync(file) && /^\s*"?redis"?\s*:/m.test(readFileSync(file, "utf8"));
}

function optionValue(args, name) {
  const joined = args.find((arg) => arg.startsWith(`${name}=`));
  if (joined !== undefined) return joined.slice(name.length + 1);
  return args.includes(name) ? args[args.indexOf(name) + 1] : undefined;
}

async function main() {
  const args = process.argv.slice(2);
  await ensureNodeModules();
  if (!asksForHelp(args) && !bringsRedis(args)) {
    await ensurePrograms([REQUIREMENT.redisServer], ", or give one with `--redis redis://host:port`");
  }
  const entry = join(ROOT, "apps", "local-cluster", "src", "main.ts");
  const flags = ["--conditions=@tandem/source", "--disable-warning=ExperimentalWarning"];
  return runInForeground([requireNode24(), ...flags, entry, ...args], { env: toolEnvironment() });
}

await runBootstrap(main);
