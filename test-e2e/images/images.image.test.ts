import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { placeCall } from "../harness/place-call.ts";
import { sipPort, sipPorts } from "../harness/ports.ts";
import { startUas, stopAllSipp } from "../harness/sipp.ts";
import { makeTopology, type TestTopology } from "../harness/topology.ts";
import type { BaseImages } from "./base-images.ts";
import { startContainerCluster, type ContainerCluster } from "./container-cluster.ts";
import { findContainerEngine, type ContainerEngine } from "./container-engine.ts";
import {
  APPLICATIONS,
  buildAgain,
  buildImages,
  containerState,
  imageOf,
  inspectImage,
  runOnce,
} from "./tandem-images.ts";

const found = await findContainerEngine();
const missing = typeof found === "string" ? found : null;
const MEGABYTE = 1_024 * 1_024;
/** A build with `npm ci`, and seven containers, on two shared cores. */
const SET_UP_LIMIT_MS = 480_000;
/** The engine removes its images from a disk that may be busy. */
const TEAR_DOWN_LIMIT_MS = 300_000;

const [failing, answering, sos] = await sipPorts(3);
let engine: ContainerEngine;
let base: BaseImages;
let topology: TestTopology;
let cluster: ContainerCluster;

describe.runIf(missing === null)(`images${missing === null ? "" : ` (left out: ${missing})`}`, () => {
  beforeAll(async () => {
    if (typeof found === "string") return;
    ({ engine, base } = found);
    await buildImages(engine, base);
    topology = await makeTopology({
      pools: {
        east: {
          listeners: { core: { serves: "callers" }, "core-tcp": { serves: "callers", transport: "tcp" }, out: {} },
        },
      },
      trunks: { failing: { port: failing }, answering: { port: answering }, sos: { port: sos, kind: "e911" } },
      emergency: { trunks: ["sos"], numbers: [{ dial: "911" }] },
    });
    cluster = await startContainerCluster(topology, base);
  }, SET_UP_LIMIT_MS);

  afterAll(async () => {
    await stopAllSipp();
    await cluster?.stop();
    await engine?.stop();
  }, TEAR_DOWN_LIMIT_MS);

  it.each(APPLICATIONS)(
    "%s runs as a plain user without a shell, tells what it is, and is small",
    async (application) => {
      const [facts, node] = [
        await inspectImage(engine, imageOf(application)),
        await inspectImage(engine, base.runtime),
      ];
      expect(facts.Config.User).toBe("10001:10001");
      expect(facts.Config.Entrypoint.at(0)).toBe("node");
      expect(facts.Config.Entrypoint.at(-1)).toBe(`apps/${application}/dist/main.js`);
      expect(facts.Config.Labels).toMatchObject({ "org.opencontainers.image.title": `tandem-${application}` });
      expect(facts.Size - node.Size).toBeLessThan(60 * MEGABYTE);
    },
  );

  it("every image lists its components, and no test tool is among them", async () => {
    const [, api, controller, edge, worker] = cluster.containers;
    for (const container of [api, controller, edge, worker]) {
      const read = "process.stdout.write(require('node:fs').readFileSync('/app/sbom.cdx.json','utf8'))";
      const { output } = await container!.exec(["node", "-e", read]);
      const { components } = JSON.parse(output) as { readonly components: readonly { readonly name: string }[] };
      const names = components.map(({ name }) => name);
      expect(names).toContain("zod");
      expect(names.filter((name) => /vitest|testcontainers|typescript/.test(name))).toEqual([]);
    }
  });

  it(
    "the same sources make the same layers",
    async () => {
      const again = await buildAgain(engine, base, "sip-worker");
      const [first, second] = [await inspectImage(engine, imageOf("sip-worker")), await inspectImage(engine, again)];
      expect(second.RootFS.Layers).toEqual(first.RootFS.Layers);
    },
    SET_UP_LIMIT_MS,
  );

  it("an ordinary call fails over and completes through the containers", async () => {
    await startUas({ scenario: "uas-refuses-expect-503", port: failing });
    const { caller } = await placeCall(
      { scenario: "uac-basic-expect-200", target: topology.port("east", "core"), service: "100", holdMs: 100 },
      [{ scenario: "uas-basic-expect-200", port: answering }],
    );
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
  });

  it("an emergency call, placed by the test peer's image as `helm test` does, reaches the emergency trunk", async () => {
    const callee = await startUas({ scenario: "uas-basic-expect-200", port: sos });
    const told = await runOnce(engine, "test-peer", ["call"], {
      TANDEM_PEER_ADDRESS: "127.0.0.1",
      TANDEM_PEER_PORT: String(await sipPort()),
      TANDEM_PEER_TARGET: `127.0.0.1:${topology.port("east", "core")}`,
      TANDEM_PEER_CALLS: "911",
    });
    expect(told).toContain("911: answered (200) and ended (200)");
    await callee.saw(({ what }) => what === "INVITE", "the call");
    await callee.saw(({ what }) => what === "BYE", "its end");
  });

  it("a stopped container drains and ends by itself, with code 0", async () => {
    const worker = cluster.containers.at(-1);
    await worker!.stop({ remove: false, timeout: 30_000 });
    expect(await containerState(engine, worker!.getId())).toBe("exited 0");
  });
});
