import type { PidfReader } from "@tandem/domain";
import type {
  CallbackBook,
  CallStore,
  Clock,
  DetailRecordSpool,
  EmergencyNotices,
  IdentityHash,
  LoadMeter,
  LocationSource,
  NameResolver,
  ProbeExchange,
  SipPort,
  Telemetry,
  TopologySource,
  TrunkGate,
  TrunkHealthBoard,
  UnguessableName,
} from "./ports/index.ts";

/** Everything the call engine needs of the world. */
export interface EnginePorts {
  readonly sip: SipPort;
  readonly store: CallStore;
  readonly gate: TrunkGate;
  readonly topology: TopologySource;
  readonly health: TrunkHealthBoard;
  readonly probes: ProbeExchange;
  readonly spool: DetailRecordSpool;
  readonly names: NameResolver;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly hash: IdentityHash;
  readonly load: LoadMeter;
  readonly locations: LocationSource;
  readonly callbacks: CallbackBook;
  readonly notices: EmergencyNotices;
  readonly readPidf: PidfReader;
  readonly unguessable: UnguessableName;
}
