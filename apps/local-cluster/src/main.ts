import { resolve } from "node:path";
import { readOptions, USAGE } from "./command/options.ts";
import { runCluster } from "./command/run-cluster.ts";
import { EXIT } from "./exit-codes.ts";

// Whoever read what we write may be gone: a closed terminal, a pipe into `head`. What was begun is ended in order all the same.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

const projectFolder = resolve(import.meta.dirname, "..", "..", "..");

const options = readOptions(process.argv.slice(2), process.env, {
  // npm runs scripts in the project's folder; INIT_CWD is where the person is.
  workingFolder: process.env["INIT_CWD"] ?? process.cwd(),
  topologyFile: resolve(projectFolder, "deploy", "sample", "topology.yaml"),
});

if (!options.ok) {
  process.stderr.write(`${options.error}\n`);
  process.exit(EXIT.usage);
} else if (options.value.help) {
  process.stdout.write(USAGE);
} else {
  process.exit(await runCluster(options.value, projectFolder));
}
