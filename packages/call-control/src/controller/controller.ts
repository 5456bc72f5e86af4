import { defaultEmergencyPlan, type Snapshot } from "@tandem/domain";
import type { CompileTopology } from "../live/topology-offers.ts";
import type {
  CallbackBook,
  CallPresence,
  CallStore,
  Clock,
  DetailRecordSink,
  DetailRecordStream,
  EmergencyPathBoard,
  EmergencyRecordBook,
  GateLedger,
  LeaderLease,
  Membership,
  NoticeStream,
  NotificationBook,
  NotificationChannel,
  NotificationQueue,
  ProbeExchange,
  ProbeSchedule,
  TopologySource,
  Unwatch,
  WorkerErrands,
} from "../ports/index.ts";
import { readClusterGauges, type CountDeadLetters } from "./cluster-gauges.ts";
import type { ControllerObserver } from "./controller-observer.ts";
import { forwardDetails } from "./detail-forwarder.ts";
import { EmergencyHeartbeat } from "./emergency-heartbeat.ts";
import { forwardEmergencyRecords } from "./emergency-record-forwarder.ts";
import { sweepExpiredCalls, type SweepTimes } from "./expired-calls.ts";
import { Leadership, type LeaderTerm } from "./leadership.ts";
import { Notifications } from "./notifications.ts";
import { PublishedTopologyFollower } from "./published-topology.ts";
import { repeat } from "../timing/repeat.ts";
import { SipNotification } from "./sip-notification.ts";
import { StaleLeases } from "./stale-leases.ts";
import { TopologyFilePublisher, type TopologyFilePorts } from "./topology-file-publisher.ts";
import { TrunkHealthKeeper, type TrunkHealthPorts } from "./trunk-health-keeper.ts";

export interface ControllerPorts {
  readonly clock: Clock;
  readonly observer: ControllerObserver;
  readonly lease: LeaderLease;
  readonly topology: TopologySource;
  /** A topology file, which the leader publishes whenever it changed; null: the topology comes through the API only. */
  readonly topologyFile: Pick<TopologyFilePorts, "file" | "registry"> | null;
  readonly board: TrunkHealthPorts["board"];
  readonly membership: Pick<Membership, "lost">;
  readonly probes: ProbeExchange;
  readonly schedule: ProbeSchedule;
  readonly store: CallStore & CallPresence;
  readonly gate: GateLedger;
  readonly callbacks: CallbackBook;
  readonly details: DetailRecordStream;
  readonly sinks: readonly DetailRecordSink[];
  /** Records of emergency calls, and where they go. */
  readonly emergencies: DetailRecordStream;
  readonly records: EmergencyRecordBook;
  readonly emergencySinks: readonly DetailRecordSink[];
  /** Notices of emergency calls, what becomes of them, and the ways to tell people besides SIP. */
  readonly notices: NoticeStream;
  readonly notifications: NotificationBook;
  readonly queue: NotificationQueue;
  readonly channels: readonly NotificationChannel[];
  readonly errands: WorkerErrands;
  readonly paths: EmergencyPathBoard;
  /** Deliveries given up, by each who delivers. */
  readonly deadLetters: readonly CountDeadLetters[];
  /** Runs while leading besides the above, such as the delivery of queued records. Its failure is tried again. */
  readonly deliveries: readonly { readonly run: () => ReturnType<ProbeSchedule["run"]> }[];
}

export interface ControllerOptions {
  /** Names this process among controllers. */
  readonly nodeId: string;
  /** Life of the leader lease (ms): a dead leader is followed within this and a third. */
  readonly leaseMs: number;
  /** How long past its deadline a call may wait for a worker before it is swept (ms). */
  readonly sweepGraceMs: number;
  readonly compile: CompileTopology;
  /** Told of every topology in force. */
  readonly onTopology: (snapshot: Snapshot) => void;
}

export interface Controller {
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly facts: () => { readonly leader: boolean; readonly topologyKnown: boolean };
}

const GAUGES_MS = 5_000;
const SWEEP_CALLS_MS = 5_000;
const SWEEP_LEASES_MS = 30_000;
const FORWARD_MS = 250;
const HEARTBEAT_LOOK_MS = 1_000;
const COUNT_NOTIFICATIONS_MS = 15_000;
const RETRY_MS = 1_000;
const TOPOLOGY_FILE_MS = 5_000;

/** The controller of a cluster: one of several processes, of which the leader acts and the others stand by. */
export function createController(ports: ControllerPorts, options: ControllerOptions): Controller {
  const term = new ControllerTerm(ports, options, () => leadership.held);
  const topology = new PublishedTopologyFollower({
    source: ports.topology,
    compile: options.compile,
    clock: ports.clock,
    observer: ports.observer,
    onChange: (snapshot) => {
      options.onTopology(snapshot);
      term.follow(snapshot);
    },
  });
  const lease = { holder: options.nodeId, ttlMs: options.leaseMs };
  const leadership = new Leadership(ports, lease, term);
  let stopGauges: () => Promise<void> = () => Promise.resolve();
  return {
    async start() {
      await topology.start();
      leadership.start();
      stopGauges = repeat(ports.clock, GAUGES_MS, () => readClusterGauges(ports));
    },
    async stop() {
      await Promise.all([leadership.stop(), topology.stop(), stopGauges()]);
    },
    facts: () => ({ leader: leadership.held, topologyKnown: topology.current !== null }),
  };
}

/** Everything only the leader does. */
class ControllerTerm {
  readonly #ports: ControllerPorts;
  readonly #options: ControllerOptions;
  /** False as soon as another may lead: what was begun before is not ended then. */
  readonly #held: () => boolean;
  #epoch = 0;
  #snapshot: Snapshot | null = null;
  #keeper: TrunkHealthKeeper | null = null;
  #heartbeat: EmergencyHeartbeat | null = null;
  #leading = false;
  #stops: (() => Promise<unknown>)[] = [];

  constructor(ports: ControllerPorts, options: ControllerOptions, held: () => boolean) {
    this.#ports = ports;
    this.#options = options;
    this.#held = held;
  }

  start(epoch: number): Promise<void> {
    const { clock } = this.#ports;
    const leases = new StaleLeases({ ...this.#ports, calls: this.#ports.store });
    const details = forwardDetails(this.#ports, this.#held);
    this.#leading = true;
    this.#epoch = epoch;
    this.#watchTrunks();
    const emergency = this.#emergencyWork();
    this.#stops = [
      repeat(clock, SWEEP_CALLS_MS, () => sweepExpiredCalls(this.#ports, this.#sweepTimes())),
      repeat(clock, SWEEP_LEASES_MS, () => leases.sweep(this.#snapshot?.trunks.keys() ?? [])),
      ...details.rounds.map((round) => repeat(clock, FORWARD_MS, round)),
      ...this.#ports.deliveries.map((delivery) => this.#runDelivery(delivery)),
      ...emergency,
      ...this.#publishTopologyFile(),
    ];
    return Promise.resolve();
  }

  #publishTopologyFile(): (() => Promise<void>)[] {
    const { topologyFile, clock } = this.#ports;
    if (topologyFile === null) return [];
    const publisher = new TopologyFilePublisher({ ...this.#ports, ...topologyFile });
    return [repeat(clock, TOPOLOGY_FILE_MS, () => publisher.round())];
  }

  async stop(): Promise<void> {
    this.#leading = false;
    const stops = this.#stops.splice(0);
    const keeper = this.#keeper;
    this.#keeper = null;
    this.#heartbeat = null;
    // What only the leader knows is not shown by anybody else.
    this.#ports.observer.emergency.heartbeatPaths([]);
    this.#ports.observer.emergency.unacknowledged(0);
    await Promise.all([keeper?.stop(), ...stops.map((stop) => stop())]);
  }

  follow(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#heartbeat?.follow(snapshot);
    if (this.#keeper !== null) void this.#keeper.follow(snapshot.topology);
    else if (this.#leading) this.#watchTrunks();
  }

  get #term(): LeaderTerm {
    return { nodeId: this.#options.nodeId, epoch: this.#epoch };
  }

  #sweepTimes(): SweepTimes {
    const { callbackWindowMs } = this.#snapshot?.topology.emergency ?? defaultEmergencyPlan;
    return { graceMs: this.#options.sweepGraceMs, callbackWindowMs };
  }

  /** Notifications, records and the heartbeat of emergency calls; gives what ends them. */
  #emergencyWork(): (() => Promise<unknown>)[] {
    const { clock, errands, channels, queue } = this.#ports;
    const { nodeId } = this.#options;
    const sip = new SipNotification(errands, () => this.#snapshot, nodeId);
    const targets = () => this.#snapshot?.topology.emergency.notificationTargets ?? null;
    const notifications = new Notifications({ ...this.#ports, channels: [sip, ...channels] }, targets);
    const records = forwardEmergencyRecords(this.#ports, this.#held);
    const heartbeat = new EmergencyHeartbeat(this.#ports, this.#term);
    this.#heartbeat = heartbeat;
    if (this.#snapshot !== null) heartbeat.follow(this.#snapshot);
    return [
      repeat(clock, FORWARD_MS, () => notifications.forward()),
      repeat(clock, COUNT_NOTIFICATIONS_MS, () => notifications.countUnacknowledged()),
      ...records.rounds.map((round) => repeat(clock, FORWARD_MS, round)),
      repeat(clock, HEARTBEAT_LOOK_MS, () => heartbeat.round()),
      // A job that is looked at without a topology has used up one of its tries, and nobody was told.
      this.#runDelivery({ run: () => queue.run(notifications) }, () => this.#snapshot !== null),
    ];
  }

  #watchTrunks(): void {
    if (this.#snapshot === null) return;
    this.#keeper = new TrunkHealthKeeper(this.#ports, this.#term);
    this.#keeper.start(this.#snapshot.topology);
  }

  /** Starts a delivery as soon as it may and can be; the returned function ends it. */
  #runDelivery({ run }: ControllerPorts["deliveries"][number], may: () => boolean = () => true): () => Promise<void> {
    let running: Unwatch | null = null;
    const stopTrying = repeat(this.#ports.clock, RETRY_MS, async () => {
      if (running !== null || !may()) return "rest";
      const started = await run();
      if (started.ok) running = started.value;
      return "rest";
    });
    return async () => {
      await stopTrying();
      await running?.();
    };
  }
}
