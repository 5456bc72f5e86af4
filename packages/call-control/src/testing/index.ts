export { FakeCallbackBook } from "./fake-callback-book.ts";
export { FakeSetupClaims } from "./fake-setup-claims.ts";
export { FakeCallStore } from "./fake-call-store.ts";
export { FakeClock, settle } from "./fake-clock.ts";
export { FakeProbeExchange, FakeTopologyRegistry, FakeTrunkHealthBoard } from "./fake-cluster-state.ts";
export {
  FakeEmergencyPathBoard,
  FakeEmergencyRecordBook,
  FakeNoticeLog,
  FakeNoticeSpool,
  FakeNotificationBook,
} from "./fake-emergency-books.ts";
export {
  FakeControllerObserver,
  FakeDetailRecordSink,
  FakeDetailRecordStream,
  FakeGateLedger,
  FakeLeaderLease,
  FakeProbeSchedule,
  ForgettingHealthBoard,
  ScriptedProbes,
} from "./fake-controller-ports.ts";
export { FakeLocationDatabase } from "./fake-location-database.ts";
export { FakeMediaMixer } from "./fake-media-mixer.ts";
export { FakeMediaRelay } from "./fake-media-relay.ts";
export { FakePoolScaler } from "./fake-pool-scaler.ts";
export { fakeHash, FakeDetailRecordSpool, FakeLoadMeter, FakeNameResolver, FakeTelemetry } from "./fake-process.ts";
export { FakeSipPort, type GivenResponse, type SentRequest } from "./fake-sip-port.ts";
export { last } from "./last.ts";
export { FakeWorkerErrands } from "./fake-worker-errands.ts";
export { FakeTrunkGate } from "./fake-trunk-gate.ts";
export { FakeWorker, FakeWorld } from "./fake-world.ts";
export { answerTo, arriving, OFFER, peer, requestFrom, type RequestSketch } from "./sample-messages.ts";
export { sampleNotice } from "./sample-notice.ts";
export { compiled, compileJson, sampleTopology, withTrunkSettings } from "./sample-topology.ts";
export { FakeTopologyCache } from "./fake-topology-cache.ts";
