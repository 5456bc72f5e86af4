import type { Snapshot } from "@tandem/domain";
import { describe, expect, it } from "vitest";
import { FakeClock, settle } from "../testing/fake-clock.ts";
import { FakeTopologyRegistry } from "../testing/fake-cluster-state.ts";
import { FakeControllerObserver } from "../testing/fake-controller-ports.ts";
import { compileJson, sampleTopology } from "../testing/sample-topology.ts";
import { PublishedTopologyFollower } from "./published-topology.ts";

function world() {
  const source = new FakeTopologyRegistry();
  const observer = new FakeControllerObserver();
  const taken: Snapshot[] = [];
  const follower = new PublishedTopologyFollower({
    source,
    compile: compileJson,
    clock: new FakeClock(),
    observer,
    onChange: (snapshot) => taken.push(snapshot),
  });
  return { source, observer, taken, follower };
}

describe("the published topology", () => {
  it("is taken at the start and with every new version, each once", async () => {
    const { source, taken, follower, observer } = world();
    source.put(JSON.stringify(sampleTopology));
    await follower.start();
    source.put(JSON.stringify({ ...sampleTopology, name: "second" }));
    await settle();
    expect(taken.map(({ topology }) => topology.name)).toEqual(["sample", "second"]);
    expect(observer.told).toContain("topology 2");
  });

  it("is taken when the registry lost its data and counts from one again", async () => {
    const { source, taken, follower } = world();
    const publish = (name: string, atMs: number, after: number | null) =>
      source.publish({ json: JSON.stringify({ ...sampleTopology, name }), author: "test", atMs }, after);
    await publish("first", 1_000, null);
    await follower.start();
    await publish("second", 2_000, 1);
    await settle();
    source.loseData();
    await publish("anew", 3_000, null);
    await settle();
    expect(taken.map(({ topology }) => topology.name)).toEqual(["first", "second", "anew"]);
  });

  it("that is followed by another while it is compiled is left out", async () => {
    const { source, taken, follower } = world();
    await follower.start();
    for (const name of ["first", "second", "third"]) source.put(JSON.stringify({ ...sampleTopology, name }));
    await settle();
    expect(taken.map(({ topology }) => topology.name)).toEqual(["third"]);
  });

  it("is refused when it does not compile, and the one before stays", async () => {
    const { source, taken, follower, observer } = world();
    source.put(JSON.stringify(sampleTopology));
    await follower.start();
    source.put(JSON.stringify({ ...sampleTopology, pools: [] }));
    await settle();
    expect(taken).toHaveLength(1);
    expect(follower.current).toBe(taken[0]);
    expect(observer.told).toContain("topology rejected");
  });
});
