import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { sampleNotice } from "@tandem/call-control/testing";
import type { EmergencyNotice } from "@tandem/domain";
import { startRedisCluster, startRedisServer, until, type RedisFixture } from "@tandem/testkit";
import { valueOf } from "@tandem/testkit/contracts";
import { describe, expect, it } from "vitest";
import { clusterState, document, publish, type ClusterState } from "./cluster-state.ts";
import { startController } from "./controller-process.ts";

const deployments: readonly { readonly name: string; readonly start: () => Promise<RedisFixture> }[] = [
  { name: "standalone", start: () => startRedisServer() },
  { name: "Cluster of three masters", start: startRedisCluster },
];

const settings = (url: string, nodeId: string): Record<string, string> => ({
  TANDEM_REDIS: url,
  TANDEM_NODE_ID: nodeId,
  TANDEM_LEASE_MS: "1500",
});

/** Takes every notification, and keeps the call and the caller's name it was told. */
async function securityDesk() {
  const told: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const { notification } = JSON.parse(body) as { notification: EmergencyNotice };
      told.push(`${notification.callId} ${notification.callerName}`);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/desk`;
  return {
    told,
    url,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function notice(callId: string, callerName: string): EmergencyNotice {
  return sampleNotice({ callId, atMs: Date.now(), pool: "main", ingressTrunk: "to-core", callerName });
}

/** What was noted outlives the leader: nobody tells it again, however it ends. */
async function isDelivered({ notifications }: ClusterState, callId: string): Promise<boolean> {
  const found = valueOf(await notifications.get(callId));
  return found?.deliveries.some(({ state }) => state === "delivered") === true;
}

/** One, unless the desk did not answer in time. */
async function triesOf({ notifications }: ClusterState, callId: string): Promise<number> {
  return valueOf(await notifications.get(callId))?.deliveries[0]?.tries ?? 0;
}

describe.each(deployments)("an emergency call of which several workers tell, on Redis $name", ({ start }) => {
  it("is told once, also when one of them tells of it after the leader changed", async () => {
    await using redis = await start();
    using desk = await securityDesk();
    // Two that found the same transfer to 911, or the same INVITE that an edge delivered again; the third had it on its disk.
    await using one = clusterState(redis.url);
    await using another = clusterState(redis.url);
    await using third = clusterState(redis.url);
    const notificationTargets = [{ name: "desk", kind: "webhook", url: desk.url }];
    const policies = [{ name: "hq", notify: ["desk"] }];
    const emergency = { ...document.emergency, notificationTargets, policies };
    await publish(one, { ...document, emergency }, null);
    valueOf(await one.notices.append(notice("c1", "first")));
    valueOf(await another.notices.append(notice("c1", "second")));
    {
      await using _leader = await startController(settings(redis.url, "c1"));
      await until(() => isDelivered(one, "c1"), { what: "the first call told" });
      valueOf(await one.notices.append(notice("c2", "Ann")));
      await until(() => isDelivered(one, "c2"), { what: "the second call told" });
    }
    await using _successor = await startController(settings(redis.url, "c2"));
    valueOf(await third.notices.append(notice("c1", "third")));
    valueOf(await third.notices.append(notice("c3", "Bob")));
    await until(() => isDelivered(one, "c3"), { what: "the third call told" });
    expect([...new Set(desk.told)]).toEqual(["c1 first", "c2 Ann", "c3 Bob"]);
    expect(desk.told).toHaveLength(
      (await triesOf(one, "c1")) + (await triesOf(one, "c2")) + (await triesOf(one, "c3")),
    );
  });
});
