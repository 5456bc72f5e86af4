export { describeCallStore } from "./call-store-contract.ts";
export { describeDetailRecordStream, type FinishedCalls } from "./detail-record-stream-contract.ts";
export { valueOf, type Harness } from "./harness.ts";
export { describeLeaderLease } from "./leader-lease-contract.ts";
export { describeMembership } from "./membership-contract.ts";
export { describeProbeExchange } from "./probe-exchange-contract.ts";
export { describeTopologyRegistry } from "./topology-registry-contract.ts";
export { describeTrunkGate } from "./trunk-gate-contract.ts";
export { describeTrunkHealthBoard } from "./trunk-health-board-contract.ts";
