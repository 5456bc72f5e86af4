import { execFile, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { until } from "@tandem/testkit";
import { makeBaseImages, type BaseImages } from "./base-images.ts";

const run = promisify(execFile);

/** A container engine to build and run with. */
export interface ContainerEngine {
  /** The client that belongs to it. */
  readonly client: string;
  stop(): Promise<void>;
}

/** Debian's, which belong together: a newer client than the engine may miss its builder. */
const ENGINE = "/usr/sbin/dockerd";
const CLIENT = "/usr/bin/docker";
const START_LIMIT_MS = 30_000;

/** An engine that a container has run in, and the images that others are built on. */
export interface ProvenEngine {
  readonly engine: ContainerEngine;
  readonly base: BaseImages;
}

/** Finds or starts an engine and runs a container in it, or says why none can run here, for a test's title. */
export async function findContainerEngine(): Promise<ProvenEngine | string> {
  const reason = whyNoContainerEngine();
  if (reason !== null) return reason;
  let engine: ContainerEngine | undefined;
  try {
    engine = await useContainerEngine();
    const base = await makeBaseImages(engine);
    await run(engine.client, ["run", "--rm", "--network=host", "--read-only", base.runtime, "node", "-e", "0"]);
    return { engine, base };
  } catch (error) {
    await engine?.stop();
    const said = error instanceof Error ? error.message : String(error);
    return `no container can run here: ${said.split("\n", 1)[0] ?? ""}`;
  }
}

function whyNoContainerEngine(): string | null {
  if (process.env["DOCKER_HOST"] !== undefined || existsSync("/var/run/docker.sock")) return null;
  if (!existsSync(ENGINE) || !existsSync(CLIENT)) return "no container engine is installed";
  return process.getuid?.() === 0 ? null : "no container engine runs, and only root may start one";
}

/**
 * The engine that runs here, else one of our own for the length of the test: without a bridge or a rule of its own in the system's packet filter, so
 * that containers share the host's network.
 */
async function useContainerEngine(): Promise<ContainerEngine> {
  process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";
  const client = existsSync(CLIENT) ? CLIENT : "docker";
  const isHere = process.env["DOCKER_HOST"] !== undefined || existsSync("/var/run/docker.sock");
  return isHere ? { client, stop: () => Promise.resolve() } : startEngine();
}

async function startEngine(): Promise<ContainerEngine> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-engine-"));
  const socket = join(folder, "docker.sock");
  const places = [
    "--data-root",
    join(folder, "data"),
    "--exec-root",
    join(folder, "exec"),
    "--pidfile",
    join(folder, "pid"),
  ];
  const network = ["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false"];
  const child = spawn(ENGINE, [...places, ...network, "--log-level=error", "-H", `unix://${socket}`], {
    stdio: "ignore",
  });
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  try {
    const ended = exited.then(() => Promise.reject(new Error("the container engine ended at once")));
    await Promise.race([
      until(() => existsSync(socket), { limitMs: START_LIMIT_MS, what: "the container engine" }),
      ended,
    ]);
  } catch (error) {
    child.kill("SIGTERM");
    await exited;
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  process.env["DOCKER_HOST"] = `unix://${socket}`;
  // testcontainers would look for the bridge's gateway.
  process.env["TESTCONTAINERS_HOST_OVERRIDE"] = "127.0.0.1";
  return {
    client: CLIENT,
    async stop() {
      delete process.env["DOCKER_HOST"];
      delete process.env["TESTCONTAINERS_HOST_OVERRIDE"];
      child.kill("SIGTERM");
      await exited;
      // It leaves the mount of the network namespace that its containers shared.
      spawnSync("umount", [join(folder, "exec", "netns", "default")], { stdio: "ignore" });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
