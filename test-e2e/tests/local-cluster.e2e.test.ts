import { execFile, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sipPort, sipPorts } from "../harness/ports.ts";
import { makeTopology } from "../harness/topology.ts";

const PROJECT = join(import.meta.dirname, "..", "..");
const COMMAND = [
  "--conditions=@tandem/source",
  "--disable-warning=ExperimentalWarning",
  join(PROJECT, "apps", "local-cluster", "src", "main.ts"),
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-local-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const options = { cwd: folder, env: { ...process.env, TMPDIR: folder, INIT_CWD: folder, ...environment } };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [...COMMAND, ...args], options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

/** The sample topology on free ports: the file as people have it but for its numbers. */
async function sampleTopology(): Promise<string> {
  const text = readFileSync(join(PROJECT, "deploy", "sample", "topology.yaml"), "utf8");
  const ports = new Map<string, number>();
  const written = [...new Set(text.match(/(?<=port: )\d+/g))];
  for (const port of written) ports.set(port, await sipPort());
  const file = join(folder, "sample.yaml");
  writeFileSync(
    file,
    text.replaceAll(/(?<=port: )\d+/g, (port) => String(ports.get(port) ?? port)),
  );
  return file;
}

/** Processes whose command line or environment names our folder: what a run left behind. */
function leftBehind(): readonly string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "latin1").includes(`TMPDIR=${folder}`);
      } catch {
        return false;
      }
    });
}

describe("npm start -- --once", () => {
  it("places the sample calls, shows ladder, decision and record of each, ends with code 0 and leaves nothing behind", async () => {
    const { code, stdout, stderr } = await run(["--topology", await sampleTopology(), "--once"]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout.match(/Ended as it should/g)).toHaveLength(3);
    expect(stdout.match(/Trunk decision/g)).toHaveLength(3);
    expect(stdout.match(/Call detail record/g)).toHaveLength(3);
    expect(stdout).toMatch(/◀─+ 503 Service Unavailable ─+│/);
    expect(stdout).toContain("attempt 1        carrier-a-east: 503");
    expect(stdout).toContain("PIDF-LO");
    expect(stdout).toContain("saw the location byte for byte");
    expect(leftBehind()).toEqual([]);
    expect(readdirSync(folder)).toEqual(["sample.yaml"]);
  });
});

describe("npm start -- --no-demo --json", () => {
  it("SIGTERM to the npm that a person or a script started ends everything, not only npm and its shell", async () => {
    const args = ["start", "--silent", "--", "--topology", await sampleTopology(), "--no-demo", "--json"];
    const child = spawn("npm", args, {
      cwd: PROJECT,
      env: { ...process.env, TMPDIR: folder },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const exited = new Promise((resolve) => child.once("close", resolve));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    expect(leftBehind().length).toBeGreaterThan(5);
    child.kill("SIGTERM");
    await exited;
    await until(() => leftBehind().length === 0, { what: "nothing left of the cluster", limitMs: 60_000 });
  });

  it("prints one line with every address; SIGTERM drains and leaves nothing behind", async () => {
    const topology = await makeTopology({
      pools: { east: { edges: 2, workers: 2 } },
      trunks: { peer: { port: await sipPort() } },
    });
    const file = join(folder, "topology.json");
    writeFileSync(file, JSON.stringify(topology.document));
    const child = spawn(process.execPath, [...COMMAND, "--no-demo", "--json", "--topology", file], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    await until(() => stdout.endsWith("\n"), { what: "the line", limitMs: 90_000 });
    const line = JSON.parse(stdout) as {
      readonly processes: readonly {
        readonly name: string;
        readonly metrics: string;
        readonly listeners: readonly { readonly address: string }[];
      }[];
      readonly pids: Readonly<Record<string, readonly number[]>>;
      readonly api: { readonly url: string; readonly docs: string; readonly key: string };
      readonly redis: { readonly url: string };
    };
    expect(line.pids["worker"]).toHaveLength(2);
    expect(line.pids["edge"]).toHaveLength(2);
    const [first, second] = line.processes.filter(({ name }) => name.startsWith("edge"));
    expect(first?.listeners.map(({ address }) => address)).toContain(`127.0.0.1:${topology.port("east", "core")}`);
    expect(second?.listeners.every(({ address }) => !address.endsWith(":0"))).toBe(true);
    for (const { metrics } of line.processes) expect((await fetch(metrics)).status).toBe(200);
    expect((await fetch(line.api.docs)).status).toBe(200);
    expect((await fetch(`${line.api.url}/v1/trunks`)).status).toBe(401);
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(1);
    expect(leftBehind()).toEqual([]);
  });
});

describe("whoever reads the output", () => {
  it("may be gone, as with a pipe into head: no exception", async () => {
    const child = spawn(process.execPath, [...COMMAND, "--help"], { stdio: ["ignore", "pipe", "pipe"] });
    // Long before Node has started.
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });
});

describe("what cannot start says so in one sentence, with a code of its own", () => {
  const oneSentence = /^[A-Z][^\n]*\.\n$/;

  it("unknown option: 64", async () => {
    const { code, stderr } = await run(["--bogus"]);
    expect(code).toBe(64);
    expect(stderr).toMatch(oneSentence);
  });

  it("no such topology file: 66", async () => {
    const { code, stderr } = await run(["--topology", "missing.yaml"]);
    expect(code).toBe(66);
    expect(stderr).toMatch(oneSentence);
    expect(stderr).toContain("missing.yaml");
  });

  it("a topology with errors: 65, every issue with path and fix", async () => {
    const sample = readFileSync(join(PROJECT, "deploy", "sample", "topology.yaml"), "utf8");
    const spoiled = sample.replace("gateway: core\n", "gateway: nowhere\n").replace("[carrier-a-east,", "[gone,");
    writeFileSync(join(folder, "bad.yaml"), spoiled);
    const { code, stderr } = await run(["--topology", "bad.yaml", "--no-demo"]);
    expect(code).toBe(65);
    expect(stderr).toContain("trunks[0].gateway");
    expect(stderr).toContain("routes[0].trunks[0]");
  });

  it("a SIP port in use: 73, with the listener's name", async () => {
    const [taken, peer] = await sipPorts(2);
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(taken, "127.0.0.1", resolve));
    const topology = await makeTopology({
      pools: { east: { listeners: { core: { port: taken, serves: "callers" }, out: {} } } },
      trunks: { peer: { port: peer } },
    });
    writeFileSync(join(folder, "taken.json"), JSON.stringify(topology.document));
    const { code, stderr } = await run(["--topology", "taken.json", "--no-demo"]);
    socket.close();
    expect(code).toBe(73);
    expect(stderr).toBe(
      `Listener core of pool east cannot use 127.0.0.1:${taken}/udp: another program has that port.\n`,
    );
  });

  it("Redis that is not there: 69", async () => {
    const port = await sipPort();
    const { code, stderr } = await run([
      "--redis",
      `redis://127.0.0.1:${port}`,
      "--topology",
      await sampleTopology(),
      "--no-demo",
    ]);
    expect(code).toBe(69);
    expect(stderr).toContain(`Redis at 127.0.0.1:${port} cannot be reached`);
  });

  it("the sample calls with a topology that is not the sample: 64", async () => {
    const topology = await makeTopology({ trunks: { peer: { port: await sipPort() } } });
    writeFileSync(join(folder, "other.json"), JSON.stringify(topology.document));
    const { code, stderr } = await run(["--topology", "other.json"]);
    expect(code).toBe(64);
    expect(stderr).toMatch(oneSentence);
    expect(stderr).toContain("--no-demo");
  });
});
