import type {
  CallStore,
  Clock,
  EmergencyPathBoard,
  EmergencyRecordBook,
  NotificationBook,
  LocationDatabase,
  Membership,
  PoolScaler,
  TopologyRegistry,
  TrunkHealthBoard,
} from "@tandem/call-control";

/** What the API stands on. Tests give fakes; wire.ts gives Redis. */
export interface ControlServices {
  readonly topology: TopologyRegistry;
  readonly health: TrunkHealthBoard;
  readonly membership: Membership;
  readonly calls: CallStore;
  readonly emergency: {
    readonly records: EmergencyRecordBook;
    readonly notifications: NotificationBook;
    readonly paths: EmergencyPathBoard;
  };
  readonly locations: LocationDatabase;
  readonly clock: Clock;
  /** null: nobody who could start and end processes was configured. */
  readonly scaler: PoolScaler | null;
}

/** Name → key of everyone who may use the API. */
export type ApiKeys = ReadonlyMap<string, string>;
