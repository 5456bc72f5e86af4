import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BaseImages } from "./base-images.ts";
import type { ContainerEngine } from "./container-engine.ts";

const run = promisify(execFile);
const PROJECT = join(import.meta.dirname, "..", "..");

/** The applications that have an image. */
export const APPLICATIONS = [
  "sip-edge",
  "sip-worker",
  "trunk-controller",
  "control-api",
  "media-mixer",
  "test-peer",
] as const;
export type Application = (typeof APPLICATIONS)[number];

export const imageOf = (application: Application): string => `tandem-${application}`;

/** Builds every image as docs/deployment.md says, with this machine's registry and certificates. */
export async function buildImages(engine: ContainerEngine, base: BaseImages): Promise<void> {
  await build(engine, base, { applications: APPLICATIONS, nameOf: imageOf, flags: [] });
}

/** Builds an image once more from a fresh copy of the sources, with nothing that the first build left; its name. */
export async function buildAgain(engine: ContainerEngine, base: BaseImages, application: Application): Promise<string> {
  const nameOf = (each: Application): string => `${imageOf(each)}-again`;
  await build(engine, base, { applications: [application], nameOf, flags: ["--no-cache"] });
  return nameOf(application);
}

interface Wanted {
  readonly applications: readonly Application[];
  readonly nameOf: (application: Application) => string;
  readonly flags: readonly string[];
}

async function build({ client }: ContainerEngine, base: BaseImages, wanted: Wanted): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-build-"));
  try {
    const npmrc = join(folder, "npmrc");
    const context = join(folder, "context");
    await copySources(context);
    writeFileSync(npmrc, await npmSettings());
    for (const application of wanted.applications) {
      const args = [
        ...wanted.flags,
        "--network=host",
        "--secret",
        `id=npmrc,src=${npmrc}`,
        "-f",
        "deploy/docker/Dockerfile",
      ];
      const bases = ["--build-arg", `BASE_IMAGE=${base.build}`, "--build-arg", `RUNTIME_IMAGE=${base.runtime}`];
      const named = ["--target", application, "-t", wanted.nameOf(application)];
      await run(client, ["build", "--progress=plain", ...args, ...bases, ...named, "."], {
        cwd: context,
        env: { ...process.env, DOCKER_BUILDKIT: "1" },
        maxBuffer: 64 * 1_024 * 1_024,
      });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The files of the checkout as they are now: four builds see the same, whatever somebody edits meanwhile. */
async function copySources(folder: string): Promise<void> {
  mkdirSync(folder);
  const files = `git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -T - -cf -`;
  await run("sh", ["-c", `${files} | tar -xf - -C "$1"`, "sh", folder], { cwd: PROJECT });
}

/** What npm needs to reach the registry that this machine uses; the base image holds this machine's certificates. */
async function npmSettings(): Promise<string> {
  const { stdout: registry } = await run("npm", ["config", "get", "registry"], { cwd: PROJECT });
  return `registry=${registry.trim()}\ncafile=/etc/ssl/certs/ca-certificates.crt\n`;
}

/** What `docker inspect` says of an image. */
interface ImageFacts {
  readonly Size: number;
  /** Digests of the layers' contents, names, rights and times included. */
  readonly RootFS: { readonly Layers: readonly string[] };
  readonly Config: {
    readonly User: string;
    readonly Labels: Readonly<Record<string, string>>;
    readonly Entrypoint: readonly string[];
  };
}

export async function inspectImage({ client }: ContainerEngine, image: string): Promise<ImageFacts> {
  const { stdout } = await run(client, ["image", "inspect", image]);
  const [facts] = JSON.parse(stdout) as readonly ImageFacts[];
  if (facts === undefined) throw new Error(`no image ${image}`);
  return facts;
}

/** Runs an application's container to its end, as strictly as the others; what it printed. Rejects unless it ended with code 0. */
export async function runOnce(
  { client }: ContainerEngine,
  application: Application,
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const strict = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"];
  const variables = Object.entries(environment).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const args = ["run", "--rm", "--network=host", ...strict, ...variables, imageOf(application), ...command];
  const { stdout } = await run(client, args);
  return stdout;
}

/** Status and exit code of a container: `running 0`, `exited 0`. */
export async function containerState({ client }: ContainerEngine, id: string): Promise<string> {
  const { stdout } = await run(client, ["inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", id]);
  return stdout.trim();
}
