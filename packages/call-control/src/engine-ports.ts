import type { PidfReader } from "@tandem/domain";
import type {
  CallbackBook,
  CallStore,
  CallTraces,
  Clock,
  DetailRecordSpool,
  IdentityHash,
  LoadMeter,
  LocationSource,
  MediaMixer,
  MediaRelay,
  NameResolver,
  NoticeLog,
  NoticeSpool,
  ProbeExchange,
  SetupClaims,
  SipPort,
  Telemetry,
  TopologyCache,
  TopologySource,
  TrunkGate,
  TrunkHealthBoard,
  UnguessableName,
  WorkerErrands,
} from "./ports/index.ts";

/** Everything the call engine needs of the world. */
export interface EnginePorts {
  readonly sip: SipPort;
  readonly store: CallStore;
  readonly gate: TrunkGate;
  readonly topology: TopologySource;
  readonly topologyCache: TopologyCache;
  readonly health: TrunkHealthBoard;
  readonly probes: ProbeExchange;
  readonly spool: DetailRecordSpool;
  readonly names: NameResolver;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Absent: calls are not traced. */
  readonly traces?: CallTraces;
  readonly hash: IdentityHash;
  readonly load: LoadMeter;
  readonly locations: LocationSource;
  readonly media: MediaRelay;
  readonly mixers: MediaMixer;
  readonly callbacks: CallbackBook;
  readonly setupClaims: SetupClaims;
  readonly readPidf: PidfReader;
  readonly unguessable: UnguessableName;
  readonly noticeLog: NoticeLog;
  readonly noticeSpool: NoticeSpool;
  readonly errands: WorkerErrands;
}
