import { execFile } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { ContainerEngine } from "./container-engine.ts";

const run = promisify(execFile);

/** Images made of this machine's own programs, because none can be fetched everywhere. */
export interface BaseImages {
  /** Node, npm, a shell and a few programs: what the build asks of BASE_IMAGE. */
  readonly build: string;
  /** Node and the libraries it is linked with, nothing else: proof that an image needs no shell. */
  readonly runtime: string;
  readonly redis: string;
}

const PATH = "/usr/local/bin:/usr/bin:/bin";
const BUILD_PROGRAMS = ["sh", "mkdir", "chown", "touch", "find", "env"];

/** Makes the three images; the build's own is the size of Node and npm, the others of one program each. */
export async function makeBaseImages(engine: ContainerEngine): Promise<BaseImages> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-base-"));
  try {
    const [build, runtime, redis] = ["build", "runtime", "redis"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await addPrograms(build, [process.execPath, ...BUILD_PROGRAMS]);
    await addBuildFiles(build);
    await addPrograms(runtime, [process.execPath]);
    await addPrograms(redis, ["redis-server"]);
    return {
      build: await importImage(engine, build, "tandem-test-build"),
      runtime: await importImage(engine, runtime, "tandem-test-node"),
      redis: await importImage(engine, redis, "tandem-test-redis"),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Programs by name or path, each with every library it is linked with. */
async function addPrograms(root: string, programs: readonly string[]): Promise<void> {
  for (const program of programs) {
    const { stdout: found } = await run("sh", ["-c", 'command -v "$1"', "sh", program]);
    copyInto(root, join("/usr/local/bin", basename(program)), realpathSync(found.trim()));
    const { stdout: linked } = await run("ldd", [realpathSync(found.trim())]);
    for (const [library] of linked.matchAll(/\/[^\s]+/g)) copyInto(root, library, library);
  }
}

function copyInto(root: string, place: string, source: string): void {
  const target = join(root, place);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(realpathSync(source), target);
}

/** npm, and what programs expect at fixed places. */
async function addBuildFiles(root: string): Promise<void> {
  copyInto(root, "/bin/sh", "/bin/sh");
  copyInto(root, "/usr/bin/env", "/usr/bin/env");
  copyInto(root, "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs/ca-certificates.crt");
  writeFileSync(join(root, "etc", "passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  mkdirSync(join(root, "root"));
  mkdirSync(join(root, "tmp"));
  chmodSync(join(root, "tmp"), 0o1777);
  const { stdout: npm } = await run("sh", ["-c", "command -v npm"]);
  const npmFolder = dirname(dirname(realpathSync(npm.trim())));
  cpSync(npmFolder, join(root, "usr/local/lib/node_modules/npm"), { recursive: true });
  symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", join(root, "usr/local/bin/npm"));
}

async function importImage({ client }: ContainerEngine, root: string, name: string): Promise<string> {
  const archive = `${root}.tar`;
  await run("tar", ["-C", root, "-cf", archive, "."]);
  await run(client, ["import", "--change", `ENV PATH=${PATH}`, archive, name]);
  rmSync(archive);
  return name;
}
