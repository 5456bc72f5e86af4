import { mkdtemp, readdir, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createTopologyCache } from "./topology-cache.ts";

const topology = { version: 3, json: '{"name":"x"}', author: "a", atMs: 5 };

async function directory(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), "topology-cache-")), "spool");
}

describe("the topology cache", () => {
  it("gives back what was kept, to another process of the cluster too", async () => {
    const place = await directory();
    expect(await createTopologyCache(place, "redis://a").write(topology)).toMatchObject({ ok: true });
    expect(await createTopologyCache(place, "redis://a").read()).toEqual({ ok: true, value: topology });
  });

  it("holds nothing of another cluster, and nothing at first", async () => {
    const place = await directory();
    expect(await createTopologyCache(place, "redis://a").read()).toEqual({ ok: true, value: null });
    await createTopologyCache(place, "redis://a").write(topology);
    expect(await createTopologyCache(place, "redis://b").read()).toEqual({ ok: true, value: null });
  });

  it("is a file for its owner only, without leftovers", async () => {
    const place = await directory();
    await createTopologyCache(place, "redis://a").write(topology);
    const [name = "", ...others] = await readdir(place);
    expect(others).toEqual([]);
    expect((await stat(join(place, name))).mode & 0o777).toBe(0o600);
  });

  it("that is spoilt is a failure, not a throw", async () => {
    const place = await directory();
    await createTopologyCache(place, "redis://a").write(topology);
    const [name = ""] = await readdir(place);
    await writeFile(join(place, name), "{");
    expect(await createTopologyCache(place, "redis://a").read()).toMatchObject({ ok: false });
  });
});
