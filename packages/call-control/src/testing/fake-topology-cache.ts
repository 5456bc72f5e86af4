import { ok, type Failure, type Result } from "@tandem/domain";
import type { PublishedTopology, TopologyCache } from "../ports/index.ts";

/** A topology cache in memory. */
export class FakeTopologyCache implements TopologyCache {
  kept: PublishedTopology | null = null;

  read(): Promise<Result<PublishedTopology | null, Failure>> {
    return Promise.resolve(ok(this.kept));
  }

  write(topology: PublishedTopology): Promise<Result<void, Failure>> {
    this.kept = topology;
    return Promise.resolve(ok(undefined));
  }
}
