import { err, ok, type Failure, type Result } from "@tandem/domain";
import { describe, expect, it } from "vitest";
import type { TopologyFileContent } from "../ports/index.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeTopologyRegistry } from "../testing/fake-cluster-state.ts";
import { FakeControllerObserver } from "../testing/fake-controller-ports.ts";
import { repeat } from "../timing/repeat.ts";
import { TopologyFilePublisher } from "./topology-file-publisher.ts";

function world() {
  const registry = new FakeTopologyRegistry();
  const observer = new FakeControllerObserver();
  const state = { content: written("one") };
  const file = { read: () => Promise.resolve(state.content) };
  const publisher = new TopologyFilePublisher({ file, registry, clock: new FakeClock(), observer });
  const settle = async (): Promise<void> => {
    while ((await publisher.round()) === "again");
  };
  const current = async () => {
    const found = await registry.current();
    return found.ok ? found.value : null;
  };
  const logged = () => observer.told.filter((line) => /^(info|warn|error):/.test(line));
  return { registry, observer, state, settle, current, logged };
}

type Content = Result<TopologyFileContent, Failure>;
const written = (name: string): Content =>
  ok({ digest: `digest-${name}`, json: ok(JSON.stringify({ name })), warnings: [] });

describe("a topology file", () => {
  it("whose disk does not answer holds up nobody, and is complained about once", async () => {
    const observer = new FakeControllerObserver();
    const clock = new FakeClock();
    const file = { read: () => new Promise<Content>(() => undefined) };
    const publisher = new TopologyFilePublisher({ file, registry: new FakeTopologyRegistry(), clock, observer });
    const end = repeat(clock, 1_000, () => publisher.round());
    await clock.advance(30_000);
    const over = end();
    await clock.advance(5_000);
    await over;
    expect(observer.told).toContain("topology file unusable");
    expect(observer.told.filter((line) => line.startsWith("error:"))).toHaveLength(1);
  });

  it("is published where nothing was, once", async () => {
    const { settle, current, observer, logged } = world();
    await settle();
    await settle();
    expect(await current()).toMatchObject({ version: 1, json: '{"name":"one"}', author: "topology-file" });
    expect(observer.told).toContain("topology file in-force");
    expect(logged()).toEqual(["info: topology file published", "info: topology file in force"]);
  });

  it("with something doubtful in it is published, and says so once", async () => {
    const { settle, current, state, logged } = world();
    state.content = ok({ digest: "doubtful", json: ok("{}"), warnings: ["pools[0].fqdn is missing"] });
    await settle();
    await settle();
    expect(await current()).toMatchObject({ version: 1 });
    expect(logged().filter((line) => line.startsWith("warn"))).toEqual([
      "warn: topology file published, and somebody should look at it",
    ]);
  });

  it("that changed goes in force", async () => {
    const { settle, current, state } = world();
    await settle();
    state.content = written("two");
    await settle();
    expect(await current()).toMatchObject({ version: 2, json: '{"name":"two"}' });
  });

  it("does not undo what people published after it, and says so once; its next change does", async () => {
    const { settle, current, state, registry, observer, logged } = world();
    await settle();
    await registry.publish({ json: "{}", author: "operator", atMs: 1 }, 1);
    await settle();
    await settle();
    expect(await current()).toMatchObject({ version: 2, author: "operator" });
    expect(observer.told).toContain("topology file superseded");
    expect(logged().filter((line) => line.startsWith("warn"))).toHaveLength(1);
    state.content = written("two");
    await settle();
    expect(await current()).toMatchObject({ version: 3, json: '{"name":"two"}' });
  });

  it.each([
    ["with errors", ok({ digest: "bad", json: err(["pools is missing"]), warnings: [] })],
    ["that cannot be read", err({ code: "configuration-invalid", detail: "no such file" } as const)],
  ] satisfies readonly (readonly [string, Content])[])(
    "%s leaves what is published, and is complained about once",
    async (_name, content) => {
      const { settle, current, state, observer, logged } = world();
      await settle();
      state.content = content;
      await settle();
      await settle();
      expect(await current()).toMatchObject({ version: 1 });
      expect(observer.told).toContain("topology file unusable");
      expect(logged().filter((line) => line.startsWith("error"))).toHaveLength(1);
    },
  );

  it("whose publication lost a race is published in the next round", async () => {
    const { settle, current, registry } = world();
    const publish = registry.publish.bind(registry);
    registry.publish = async (document, expected) => {
      registry.publish = publish;
      await publish({ json: "{}", author: "operator", atMs: 1 }, null);
      return publish(document, expected);
    };
    await settle();
    expect(await current()).toMatchObject({ version: 2, json: '{"name":"one"}' });
  });
});
