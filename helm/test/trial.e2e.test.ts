import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePort, until } from "@tandem/testkit";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { startedWith } from "./support/container-environment.ts";
import { find, manifestsOf, type Manifest } from "./support/manifests.ts";

const mainOf = (app: string): string => fileURLToPath(new URL(`../../apps/${app}/src/main.ts`, import.meta.url));
const HERE = "127.0.0.1";

interface Running extends AsyncDisposable {
  readonly lines: readonly string[];
  readonly ended: Promise<number | null>;
  /** Resolves once it has said such a line; rejects with what it said instead when it ends before. */
  said(wanted: RegExp): Promise<void>;
}

function run(app: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): Running {
  const flags = ["--conditions=@tandem/source", "--disable-warning=ExperimentalWarning"];
  const child: ChildProcess = spawn(process.execPath, [...flags, mainOf(app), ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  if (child.stdout !== null) createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  let complaints = "";
  child.stderr?.on("data", (chunk: Buffer) => (complaints = (complaints + chunk.toString()).slice(-4_096)));
  let hasEnded = false;
  const ended = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => {
      hasEnded = true;
      resolve(code);
    });
  });
  return {
    lines,
    ended,
    async said(wanted) {
      const found = (): boolean => lines.some((line) => wanted.test(line));
      await until(() => found() || hasEnded, { what: `${app} saying ${String(wanted)}`, limitMs: 90_000 });
      if (!found()) throw new Error(`${app} ended: ${complaints || lines.join(" | ")}`);
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** The trial's topology, moved from the cluster's names and ports to this machine's. */
async function localTopology(manifests: readonly Manifest[], peerPorts: ReadonlyMap<number, number>) {
  const data = (name: string, key: string): string => find(manifests, "ConfigMap", name)["data"][key];
  const { pools } = parse(data("tandem-pools", "pools.yaml")) as { pools: { listeners: Record<string, unknown>[] }[] };
  const text = data("tandem-topology", "document.yaml").replaceAll("tandem-test-peer.voice.svc.cluster.local", HERE);
  const document = parse(text) as { trunks: { port: number }[] };
  for (const listener of pools.flatMap(({ listeners }) => listeners)) {
    const port = await freePort();
    Object.assign(listener, { address: HERE, port, advertisedAddress: HERE, advertisedPort: port });
  }
  for (const trunk of document.trunks) trunk.port = peerPorts.get(trunk.port) ?? trunk.port;
  return { pools, ...document };
}

it("the trial's topology, test peer and test calls, as helm test runs them, complete on a real cluster", async () => {
  const manifests = await manifestsOf("trial");
  const told = startedWith(find(manifests, "Deployment", "tandem-test-peer"), "test-peer");
  const peerPorts = new Map<number, number>();
  for (const port of told["TANDEM_PEER_PORTS"]?.split(",") ?? []) peerPorts.set(Number(port), await freePort());
  const topology = await localTopology(manifests, peerPorts);
  const folder = mkdtempSync(join(tmpdir(), "tandem-trial-"));
  const file = join(folder, "topology.json");
  writeFileSync(file, JSON.stringify(topology));

  await using peer = run("test-peer", ["answer"], {
    TANDEM_PEER_ADDRESS: HERE,
    TANDEM_PEER_PORTS: [...peerPorts.values()].join(","),
  });
  await peer.said(/"ready"/);
  await using cluster = run(
    "local-cluster",
    ["--no-demo", "--json", "--topology", file, "--data", folder, "--drain", "2"],
    {
      HOME: process.env["HOME"] ?? "",
      TANDEM_MAX_LAG_MS: process.env["TANDEM_MAX_LAG_MS"] ?? "500",
      TANDEM_MAX_WAIT_MS: process.env["TANDEM_MAX_WAIT_MS"] ?? "500",
    },
  );
  await cluster.said(/./);

  const test = startedWith(find(manifests, "Pod", "tandem-test-calls"), "calls");
  const core = topology.pools[0]?.listeners.find(({ name }) => name === "core");
  await using caller = run("test-peer", ["call"], {
    ...test,
    TANDEM_PEER_ADDRESS: HERE,
    TANDEM_PEER_PORT: String(await freePort()),
    TANDEM_PEER_TARGET: `${HERE}:${String(core?.["port"])}`,
  });
  expect(await caller.ended).toBe(0);
  expect(caller.lines).toEqual(["2125550123: answered (200) and ended (200)", "933: answered (200) and ended (200)"]);
  rmSync(folder, { recursive: true, force: true });
});
