import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@tandem/testkit";

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

/** Why no container can be run here, for a test's title; null when it can. */
export function whyNoContainerEngine(): string | null {
  if (process.env["DOCKER_HOST"] !== undefined || existsSync("/var/run/docker.sock")) return null;
  if (!existsSync(ENGINE) || !existsSync(CLIENT)) return "no container engine is installed";
  return process.getuid?.() === 0 ? null : "no container engine runs, and only root may start one";
}

/**
 * The engine that runs here, else one of our own for the length of the test: without a bridge or a rule of its own in the system's packet filter, so
 * that containers share the host's network.
 */
export async function useContainerEngine(): Promise<ContainerEngine> {
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
  await until(() => existsSync(socket), { limitMs: START_LIMIT_MS, what: "the container engine" });
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
