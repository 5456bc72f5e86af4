import type { Snapshot } from "@tandem/domain";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
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
    expect(taken.map(({ topology }) => topology.name)).toEqual(["sample", "second"]);
    expect(observer.told).toContain("topology 2");
  });

  it("is refused when it does not compile, and the one before stays", async () => {
    const { source, taken, follower, observer } = world();
    source.put(JSON.stringify(sampleTopology));
    await follower.start();
    source.put(JSON.stringify({ ...sampleTopology, pools: [] }));
    expect(taken).toHaveLength(1);
    expect(follower.current).toBe(taken[0]);
    expect(observer.told).toContain("topology rejected");
  });
});
