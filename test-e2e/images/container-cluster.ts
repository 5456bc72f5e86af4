import { randomBytes } from "node:crypto";
import { freePort, until } from "@tandem/testkit";
import { GenericContainer, Wait, type StartedTestContainer } from "testcontainers";
import { connectApi, type ApiClient } from "../harness/api.ts";
import type { TestTopology } from "../harness/topology.ts";
import type { BaseImages } from "./base-images.ts";
import { imageOf, type Application } from "./tandem-images.ts";

/** Containers as orchestrators run them strictly: nothing may be written but where the image says, and no right is left. */
class StrictContainer extends GenericContainer {
  constructor(image: string) {
    super(image);
    this.hostConfig.ReadonlyRootfs = true;
    this.hostConfig.CapDrop = ["ALL"];
    this.hostConfig.SecurityOpt = ["no-new-privileges"];
  }
}

/** A cluster in containers on the host's network: one pool of one edge and two workers, controller, API, Redis. */
export interface ContainerCluster {
  readonly api: ApiClient;
  readonly containers: readonly StartedTestContainer[];
  stop(): Promise<void>;
}

/** Starts it with the topology's first pool and waits until every process is ready. */
export async function startContainerCluster(topology: TestTopology, base: BaseImages): Promise<ContainerCluster> {
  const containers: StartedTestContainer[] = [];
  const probes: string[] = [];
  const [redis, api, admin] = [await freePort(), await freePort(), await freePort()];
  const redisUrl = `redis://127.0.0.1:${redis}/0`;
  const [secret, key] = [randomBytes(24).toString("hex"), randomBytes(24).toString("hex")];
  const [pool] = topology.document.pools;
  if (pool === undefined) throw new Error("the topology has no pool");

  const redisContainer = new GenericContainer(base.redis)
    .withNetworkMode("host")
    .withCommand(["redis-server", "--bind", "127.0.0.1", "--port", String(redis), "--save", ""])
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/));
  containers.push(await redisContainer.start());

  const start = async (application: Application, name: string, more: Record<string, string>): Promise<void> => {
    const http = `127.0.0.1:${await freePort()}`;
    probes.push(http);
    const container = new StrictContainer(imageOf(application))
      .withNetworkMode("host")
      .withEnvironment({ TANDEM_HTTP: http, TANDEM_NODE_ID: name, ...more })
      .withWaitStrategy(Wait.forLogMessage(/"msg":"ready"/))
      .withStartupTimeout(120_000)
      .withAutoRemove(false);
    containers.push(await container.start());
  };
  await start("control-api", "api", {
    TANDEM_REDIS: redisUrl,
    TANDEM_API: `127.0.0.1:${api}`,
    TANDEM_API_KEYS: `test:${key}`,
  });
  await start("trunk-controller", "controller", {
    TANDEM_REDIS: redisUrl,
    TANDEM_CDR_FILE: "/var/spool/tandem/calls.jsonl",
  });
  const client = connectApi(`http://127.0.0.1:${api}`, key);
  const published = await client.putTopology(topology.document);
  if (published.status >= 300) throw new Error(`the topology was refused: ${JSON.stringify(published.body)}`);
  await start("sip-edge", "edge", {
    TANDEM_POOL: pool.name,
    TANDEM_SECRET: secret,
    TANDEM_ADMIN: `127.0.0.1:${admin}`,
    TANDEM_LISTENERS: JSON.stringify(pool.listeners),
  });
  for (const name of ["worker-1", "worker-2"]) {
    const edges = JSON.stringify({ [pool.name]: [`127.0.0.1:${admin}`] });
    await start("sip-worker", name, {
      TANDEM_POOL: pool.name,
      TANDEM_SECRET: secret,
      TANDEM_REDIS: redisUrl,
      TANDEM_EDGES: edges,
    });
  }
  for (const http of probes) {
    const isReady = async (): Promise<boolean> => (await fetch(`http://${http}/readyz`)).ok;
    await until(isReady, { limitMs: 90_000, everyMs: 100, what: `${http} ready` });
  }
  return {
    api: client,
    containers,
    async stop() {
      for (const container of containers.toReversed()) await container.stop({ timeout: 5_000 });
    },
  };
}
