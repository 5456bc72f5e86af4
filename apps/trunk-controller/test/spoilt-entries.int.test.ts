import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DetailRecord } from "@tandem/call-control";
import { sampleNotice } from "@tandem/call-control/testing";
import { startRedisServer, until } from "@tandem/testkit";
import { valueOf } from "@tandem/testkit/contracts";
import { describe, expect, it } from "vitest";
import { clusterState, document, publish } from "./cluster-state.ts";
import { startController } from "./controller-process.ts";

describe("a controller", () => {
  it("sets entries of its streams aside that cannot be read, counts and logs them once, and delivers what comes after", async () => {
    await using redis = await startRedisServer();
    await using state = clusterState(redis.url);
    await publish(state, document, null);
    const directory = await mkdtemp(join(tmpdir(), "tandem-controller-"));
    const [cdr, emergencies] = [join(directory, "cdr.jsonl"), join(directory, "emergency.jsonl")];
    for (const stream of ["tandem:{c0}:details", "tandem:{c0}:emergencies", "tandem:{notices}:stream"])
      await state.spoil(stream, '{"calledNumber":"+12125550100');
    await state.spoil("tandem:{notices}:stream", '{"ofAnotherRelease":{},"callId":"b","number":"911"}');
    const records: readonly DetailRecord[] = [
      { id: "a", kind: "call", json: '{"id":"a"}' },
      { id: "a-emergency", kind: "emergency", json: '{"id":"a-emergency","callId":"a","startMs":1}' },
    ];
    valueOf(await state.store.finish({ callId: "a", document: "", deadlineMs: 0, trunks: [] }, 0, records));
    valueOf(await state.notices.append(sampleNotice({ callId: "a", atMs: Date.now(), targets: [] })));
    await using controller = await startController({
      TANDEM_REDIS: redis.url,
      TANDEM_NODE_ID: "c1",
      TANDEM_LEASE_MS: "1500",
      TANDEM_CDR_FILE: cdr,
      TANDEM_EMERGENCY_FILE: emergencies,
    });
    const holds = async (file: string) => (await readFile(file, "utf8").catch(() => "")).includes('"id":"a');
    await until(() => holds(cdr), { what: "the detail record" });
    await until(() => holds(emergencies), { what: "the emergency record" });
    for (const call of ["a", "b"])
      await until(async () => valueOf(await state.notifications.get(call)) !== null, { what: "the notification" });
    await until(async () => (await controller.metric("tandem_detail_dead_letters")) === 2, {
      what: "the dead letters",
    });
    const told = controller.log.filter(({ msg }) => msg.endsWith("cannot be read and are set aside"));
    expect(told.map(({ msg, entries }) => `${msg.split(" ", 1)[0]} ${String(entries)}`).toSorted()).toEqual([
      "detail 1",
      "emergency 1",
      "notices 1",
    ]);
    expect(JSON.stringify(controller.log)).not.toContain("12125550100");
    expect(await controller.end("SIGTERM")).toBe(0);
    await rm(directory, { recursive: true });
  });
});
