import { join, resolve } from "node:path";
import type { Result } from "@tandem/domain";
import type { SocketAddress } from "@tandem/runtime";
import { startCluster, type Cluster, type ClusterOptions } from "../cluster/cluster.ts";
import type { ProcessEvents } from "../cluster/managed-process.ts";
import { startDemonstration, type Demonstration } from "../demonstration/demonstration.ts";
import { EXIT, type StartFailure } from "../exit-codes.ts";
import { addressTable, clusterAddresses } from "./cluster-addresses.ts";
import { openDataFolder } from "./data-folder.ts";
import type { Options } from "./options.ts";
import { watchStopRequests, type StopRequest } from "./stop-request.ts";
import { loadTopology, type LoadedTopology } from "./topology-file.ts";

/** Runs the cluster as the options say until it is asked to stop. @returns The exit code. */
export async function runCluster(options: Options, projectFolder: string): Promise<number> {
  const print = (line: string): void => void (options.json ? process.stderr : process.stdout).write(`${line}\n`);
  const stop = watchStopRequests();
  const topology = await loadTopology(options.topologyFile);
  if (!topology.ok) return fail(topology.error);
  for (const { path, problem } of topology.value.warnings) print(`Topology warning: ${path} ${problem}.`);
  const folder = openDataFolder(options.dataFolder);
  if (!folder.ok) return fail(folder.error);
  const data = folder.value;
  const demonstration = options.demonstration ? await startDemonstration(topology.value.topology) : null;
  if (demonstration?.ok === false) {
    data.remove();
    return fail(demonstration.error);
  }
  const events = eventPrinter(print);
  try {
    print(`Starting ${topology.value.topology.name} from ${options.topologyFile} …`);
    const settings = clusterOptions({ options, topology: topology.value, projectFolder, dataFolder: data.path });
    const cluster = await startUnlessStopped({ ...settings, events }, stop);
    if (cluster === "stopped") return EXIT.interrupted;
    if (!cluster.ok) return fail(cluster.error);
    const played = demonstration?.value ?? null;
    return await serve({ cluster: cluster.value, demonstration: played, options, stop, print, events });
  } finally {
    await demonstration?.value.close();
    data.remove();
  }
}

interface Service {
  readonly cluster: Cluster;
  readonly demonstration: Demonstration | null;
  readonly options: Options;
  readonly stop: StopRequest;
  readonly print: (line: string) => void;
  readonly events: PrintedEvents;
}

/** What processes tell, on the screen. */
interface PrintedEvents extends ProcessEvents {
  /** From the drain on: that connections between processes end is then as it should be. */
  mute(): void;
}

async function serve({ cluster, demonstration, options, stop, print, events }: Service): Promise<number> {
  stop.onAgain(() => {
    print("Ending everything at once.");
    cluster.kill();
  });
  const addresses = clusterAddresses(cluster);
  if (options.json) process.stdout.write(`${JSON.stringify(addresses)}\n`);
  print("Ready.\n");
  const good = demonstration === null || (await demonstration.run(cluster.detailRecordFile, print));
  if (!options.once) {
    for (const line of addressTable(addresses)) print(line);
    print("\nCtrl-C drains and ends.");
    await stop.requested;
  }
  print("Draining …");
  events.mute();
  await cluster.stop();
  print("Ended; nothing is left behind.");
  return options.once && !good ? EXIT.demonstrationFailed : EXIT.ok;
}

/** A stop request while starting waits until the start is over one way or the other, so that everything started can be ended. */
async function startUnlessStopped(
  settings: ClusterOptions,
  stop: StopRequest,
): Promise<Result<Cluster, StartFailure> | "stopped"> {
  const cluster = await startCluster(settings);
  if (!stop.isRequested) return cluster;
  if (cluster.ok) await cluster.value.stop();
  return "stopped";
}

function clusterOptions(given: {
  readonly options: Options;
  readonly topology: LoadedTopology;
  readonly projectFolder: string;
  readonly dataFolder: string;
}): Omit<ClusterOptions, "events"> {
  const { options, topology, projectFolder, dataFolder } = given;
  const { redisUrl, api, http, admin, cdr } = topology.local;
  const token = process.env[cdr.webhook?.secretEnv ?? ""] ?? null;
  const webhook = cdr.webhook === null ? null : { ...cdr.webhook, token };
  return {
    projectFolder,
    topology: topology.topology,
    document: { text: topology.text, contentType: topology.contentType },
    redisUrl: options.redisUrl ?? redisUrl,
    api: options.api ?? socketAddress(api),
    apiKeys: options.apiKeys,
    http: options.httpBase === null ? socketAddress(http) : { host: "127.0.0.1", port: options.httpBase },
    admin: socketAddress(admin),
    detailRecords: { file: resolve(options.topologyFile, "..", cdr.file ?? join(dataFolder, "cdr.jsonl")), webhook },
    drainMs: options.drainMs,
    dataFolder,
    logLevel: options.logLevel,
  };
}

function socketAddress(endpoint: { readonly address: string; readonly port: number } | null): SocketAddress {
  return endpoint === null ? { host: "127.0.0.1", port: 0 } : { host: endpoint.address, port: endpoint.port };
}

function eventPrinter(show: (line: string) => void): PrintedEvents {
  let muted = false;
  const print = (line: string): void => {
    if (!muted) show(line);
  };
  return {
    mute: () => {
      muted = true;
    },
    onCrash: (name, how, againInMs) => print(`${name} ended unasked (${how}); it is started again in ${againInMs} ms.`),
    onRestarted: (name) => print(`${name} is back.`),
    onWarning: (name, { msg, level: _level, time: _time, pid: _pid, hostname: _hostname, name: _name, ...facts }) =>
      print(`${name}: ${String(msg)}${Object.keys(facts).length === 0 ? "" : ` ${JSON.stringify(facts)}`}`),
  };
}

function fail({ sentence, exitCode }: StartFailure): number {
  process.stderr.write(`${sentence}\n`);
  return exitCode;
}
