import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { placeCall } from "../harness/place-call.ts";
import { sipPorts } from "../harness/ports.ts";
import { stopAllSipp } from "../harness/sipp.ts";
import { makeTopology, type TestTopology, type TrunkSpec } from "../harness/topology.ts";

const POOLS = ["east", "west"] as const;
const GATEWAYS = ["g1", "g2"] as const;
const [g1a, g1b, g2a, g2b, sink] = await sipPorts(5);
const PORTS = { g1: { a: g1a, b: g1b }, g2: { a: g2a, b: g2b } } as const;

/** The eight trunks between two pools and two gateways with two ports each. */
const TUPLES = POOLS.flatMap((pool) =>
  GATEWAYS.flatMap((gateway) =>
    (["a", "b"] as const).map((half) => ({
      name: `${pool}-${gateway}-${half}`,
      pool,
      gateway,
      port: PORTS[gateway][half],
    })),
  ),
);

let cluster: TestCluster;
let topology: TestTopology;

beforeAll(async () => {
  const trunks = TUPLES.map(({ name, ...tuple }): [string, TrunkSpec] => [name, { ...tuple, usages: ["inbound"] }]);
  topology = await makeTopology({
    pools: { east: {}, west: {} },
    trunks: { ...Object.fromEntries(trunks), sink: { port: sink } },
    routes: [
      ...TUPLES.map(({ name }, index) => ({ name, match: `^10${index}$`, usages: ["any"], trunks: [name] })),
      { name: "inbound", match: "^555$", usages: ["inbound"], trunks: ["sink"] },
    ],
  });
  cluster = await startCluster(topology);
});
afterEach(stopAllSipp);
afterAll(() => cluster?.stop());

describe("A9: a trunk is the tuple of pool, local port, gateway and gateway port", () => {
  it.each(TUPLES.map((tuple, index) => ({ ...tuple, number: `10${index}` })))(
    "outbound on $name: leaves the pool's port and arrives at the gateway's",
    async ({ name, pool, port, number }) => {
      const before = cluster.callRecords().length;
      const { caller, callees } = await placeCall(
        { scenario: "uac-basic-expect-200", target: cluster.port("core", "east"), service: number, holdMs: 20 },
        [{ scenario: "uas-basic-expect-200", port }],
      );
      expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
      const invite = (await callees[0]?.messages())?.find(({ what }) => what === "INVITE");
      expect(invite?.headers("Via")[0]).toContain(`127.0.0.1:${cluster.port("out", pool)};`);
      expect(invite?.headers("Contact")[0]).toContain(`:${cluster.port("out", pool)}`);
      const records = await cluster.recordsOf(before + 1);
      expect(records.at(-1)).toMatchObject({ egressTrunk: name, sipCode: 200 });
    },
  );

  it.each(TUPLES)("inbound from port $port to pool $pool is trunk $name", async ({ name, pool, port }) => {
    const before = cluster.callRecords().length;
    const { caller } = await placeCall(
      { scenario: "uac-basic-expect-200", target: cluster.port("out", pool), port, service: "555", holdMs: 20 },
      [{ scenario: "uas-basic-expect-200", port: sink }],
    );
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
    expect((await cluster.recordsOf(before + 1)).at(-1)).toMatchObject({ ingressTrunk: name, egressTrunk: "sink" });
  });

  it("a topology that names a tuple twice is refused whole, with path and fix, and nothing changes", async () => {
    const version = (await cluster.api.get("/v1/topology")).headers.get("etag");
    const [first] = TUPLES;
    const trunks = [
      ...topology.document.trunks,
      { name: "twin", pool: first!.pool, listener: "out", gateway: first!.gateway, port: first!.port },
    ];
    const answer = await cluster.api.putTopology({ ...topology.document, trunks });
    expect(answer.status).toBe(422);
    const { issues } = answer.body as { readonly issues: readonly { readonly path: string; readonly fix: string }[] };
    expect(issues.map(({ path }) => path).join(" ")).toMatch(/trunks\[\d+\]/);
    expect(issues.every(({ fix }) => fix.length > 0)).toBe(true);
    expect((await cluster.api.get("/v1/topology")).headers.get("etag")).toBe(version);
  });
});
