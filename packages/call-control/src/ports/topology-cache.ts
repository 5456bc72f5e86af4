import type { Failure, Result } from "@tandem/domain";
import type { PublishedTopology } from "./cluster-state.ts";

/** The last topology this process took, kept where a loss of the cluster's store does not reach. */
export interface TopologyCache {
  read(): Promise<Result<PublishedTopology | null, Failure>>;
  write(topology: PublishedTopology): Promise<Result<void, Failure>>;
}
