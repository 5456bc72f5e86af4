import { defaultEmergencyPlan, type Call, type FailureCode } from "@tandem/domain";
import { attendCallers } from "./calls/attendance.ts";
import { callbackEndOf } from "./calls/callback-end.ts";
import { CallDirectory } from "./calls/call-directory.ts";
import { CallJunction } from "./calls/call-junction.ts";
import type { CallsDesks, Mail } from "./calls/call-shell.ts";
import { DeskLeg } from "./calls/desk-leg.ts";
import { RelayedMedia } from "./calls/relayed-media.ts";
import { DeadlineLoop } from "./calls/deadline-loop.ts";
import { FinishedCalls } from "./calls/finished-calls.ts";
import { GuardedCallStore } from "./calls/guarded-store.ts";
import { routeTransfer } from "./calls/route-transfer.ts";
import { unattended } from "./calls/unattended.ts";
import type { EnginePorts } from "./engine-ports.ts";
import { NewCalls } from "./ingress/new-calls.ts";
import { PendingCalls } from "./ingress/pending-calls.ts";
import { RequestRouter } from "./ingress/request-router.ts";
import { StatelessAnswers } from "./ingress/stateless-answers.ts";
import { closedFor, DEFAULT_ADMISSION, ordinaryRefusal, type AdmissionLimits } from "./live/admission.ts";
import { Callbacks } from "./live/callbacks.ts";
import { ErrandService } from "./live/errand-service.ts";
import { LiveState, type Admissions, type Arrival } from "./live/live-state.ts";
import { NoticeSender } from "./live/notice-sender.ts";
import { ProbeService } from "./live/probe-service.ts";
import { TopologyInForce, type TopologyListener } from "./live/topology-in-force.ts";
import type { CompileTopology } from "./live/topology-offers.ts";
import type { SipApplication } from "./ports/index.ts";
import { StandaloneRequests } from "./standalone/standalone-requests.ts";

export interface CallEngineOptions {
  /** The pool this worker serves. */
  readonly pool: string;
  /** From a published document to a snapshot. Injected: the document on paper is not this package's business. */
  readonly compile: CompileTopology;
  readonly limits?: Partial<AdmissionLimits>;
  readonly onTopology?: TopologyListener;
}

/** What the engine is doing, for readiness, membership and metrics. */
export interface EngineFacts {
  readonly topologyVersion: number;
  readonly setups: number;
  /** Calls with something pending in this process. */
  readonly active: number;
  readonly finishing: number;
  readonly draining: boolean;
}

/** The use cases of a worker: everything between the SIP port and the call machine. */
export interface CallEngine extends SipApplication {
  /** Follows topology and health, serves probes, looks for due calls. */
  start(): Promise<void>;
  facts(): EngineFacts;
  /** Takes no ordinary new calls (true) or takes them again. Emergency calls and calls under way never notice. */
  setDraining(draining: boolean): void;
  /** Ends the worker's part in the cluster without ending a call; resolves when nothing here is needed any more. Bounded by the caller. */
  drain(): Promise<void>;
  /** Stops every loop and puts what is not stored into safe keeping. */
  stop(): Promise<void>;
}

const DRAIN_LOOK_MS = 100;

/** Puts the use cases together over the ports. */
export function createCallEngine(given: EnginePorts, options: CallEngineOptions): CallEngine {
  return new WiredEngine(given, options);
}

class WiredEngine implements CallEngine {
  readonly #ports: EnginePorts;
  readonly #store: GuardedCallStore;
  readonly #limits: AdmissionLimits;
  readonly #pool: string;
  readonly #topology: TopologyInForce;
  readonly #live: LiveState;
  readonly #finished: FinishedCalls;
  readonly #calls: CallDirectory;
  readonly #deadlines: DeadlineLoop;
  readonly #probes: ProbeService;
  readonly #pending: PendingCalls;
  readonly #callbacks: Callbacks;
  readonly #notices: NoticeSender;
  readonly #errands: ErrandService;
  readonly #desks: DeskLeg;
  readonly #relayed: RelayedMedia;
  readonly #newCalls: NewCalls;
  readonly #router: RequestRouter;
  #draining = false;
  #leaveCallers: () => Promise<void> = () => Promise.resolve();

  constructor(given: EnginePorts, options: CallEngineOptions) {
    this.#store = new GuardedCallStore(given.store, given.clock);
    const toCall = (callId: string, mail: Mail): void => this.#calls.post(callId, mail);
    const beside = {
      media: given.media,
      mixers: given.mixers,
      clock: given.clock,
      store: this.#store,
      telemetry: given.telemetry,
      post: toCall,
    };
    const junction = new CallJunction(given.sip, given.clock, toCall);
    this.#desks = new DeskLeg(junction, { ...beside, inForce: () => this.#topology.current });
    this.#relayed = new RelayedMedia(beside);
    const ports = { ...given, sip: this.#desks, store: this.#store };
    this.#ports = ports;
    this.#pool = options.pool;
    this.#limits = { ...DEFAULT_ADMISSION, ...options.limits };
    const onTopology = options.onTopology ?? (() => undefined);
    this.#topology = new TopologyInForce(ports, options.compile, onTopology);
    this.#live = new LiveState(ports, this.#admissions());
    this.#finished = new FinishedCalls(ports);
    this.#calls = this.#callsUnderWay();
    const answers = new StatelessAnswers(ports);
    this.#pending = new PendingCalls((callId, mail) => this.#calls.post(callId, mail));
    const post = this.#pending.post.bind(this.#pending);
    const shared = { ...ports, topology: this.#topology, live: this.#live, answers, works: this.#works };
    this.#callbacks = new Callbacks(ports);
    this.#notices = new NoticeSender({ ...ports, log: ports.noticeLog, spool: ports.noticeSpool });
    this.#newCalls = new NewCalls({
      ...shared,
      notices: this.#notices,
      known: this.#callbacks,
      post,
      chooseDesk: (incident) => this.#relayed.choose(incident),
      pending: this.#pending,
    });
    const standalone = new StandaloneRequests(shared);
    this.#router = new RequestRouter({ ...shared, newCalls: this.#newCalls, standalone, post });
    this.#deadlines = new DeadlineLoop(ports, post);
    this.#probes = new ProbeService({ ...ports, topology: this.#topology });
    this.#errands = new ErrandService({ ...ports, topology: this.#topology });
  }

  onRequest: SipApplication["onRequest"] = (request) => this.#router.onRequest(request);
  onCancel: SipApplication["onCancel"] = (transaction, cancel) => this.#router.onCancel(transaction, cancel);
  onAckTimeout: SipApplication["onAckTimeout"] = (transaction, response) =>
    this.#router.onAckTimeout(transaction, response);

  onOrphanAnswer: SipApplication["onOrphanAnswer"] = (answer) => this.#router.onOrphanAnswer(answer);

  worksOn: SipApplication["worksOn"] = (invite) => this.#router.worksOn(invite);

  async start(): Promise<void> {
    this.#live.start();
    this.#callbacks.start();
    this.#notices.start();
    this.#finished.start();
    this.#deadlines.start();
    this.#leaveCallers = attendCallers(this.#ports, { pool: this.#pool, mine: () => this.#calls.setupIds });
    await this.#topology.start();
    // Without a topology no trunk could be walked, and a way that works would be told as one that does not.
    await Promise.all([this.#probes.service.start(this.#pool), this.#errands.service.start(this.#pool)]);
  }

  facts(): EngineFacts {
    return {
      topologyVersion: this.#topology.current?.version ?? 0,
      setups: this.#calls.setups,
      active: this.#calls.active + this.#pending.size,
      finishing: this.#finished.pending,
      draining: this.#draining,
    };
  }

  setDraining(draining: boolean): void {
    this.#draining = draining;
  }

  /**
   * 1. New ordinary calls and peers' OPTIONS get 503 with Retry-After; emergency calls are served to the end.
   * 2. Probes are left to the other workers, and so are due calls, as long as they take them.
   * 3. Calls being set up here go on until they are answered or refused; established calls need nothing of this process.
   * 4. What is pending (exchanges, writes, detail records) comes to its end.
   * The caller bounds the whole, then stops the connections and the engine.
   */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#deadlines.giveWay();
    await Promise.all([this.#probes.service.stop(), this.#errands.service.stop()]);
    while (this.#calls.active + this.#pending.size > 0 || this.#finished.pending > 0) await this.#pause(DRAIN_LOOK_MS);
    this.#deadlines.stop();
    await this.#calls.settled();
  }

  async stop(): Promise<void> {
    this.#draining = true;
    this.#deadlines.stop();
    this.#desks.stop();
    this.#calls.stop();
    await Promise.all([
      this.#leaveCallers(),
      this.#probes.service.stop(),
      this.#live.stop(),
      this.#callbacks.stop(),
      this.#errands.service.stop(),
      this.#topology.stop(),
      this.#calls.settled(),
    ]);
    await Promise.all([this.#finished.stop(), this.#notices.stop()]);
  }

  #callsUnderWay(): CallDirectory {
    const ports = this.#ports;
    return new CallDirectory({
      ports,
      finished: this.#finished,
      routeTransfer: (call, effect) =>
        routeTransfer(call, effect, {
          inForce: this.#topology.current,
          live: this.#live.forCallsUnderWay,
          store: this.#store,
          emergency: { ...ports, notices: this.#notices, known: this.#callbacks },
        }),
      relayed: this.#relayed,
      desks: this.#desksForCalls(),
      onOver: (call) => this.#onOver(call),
      onPhase: (callId, phase) => this.#newCalls.phaseChanged(callId, phase),
    });
  }

  #desksForCalls(): CallsDesks {
    const beside = (call: Call) => ({ callId: call.id, telemetry: this.#ports.telemetry });
    return {
      findMixer: (call) => unattended(this.#desks.findMixer(call), beside(call)),
      call: (call) => unattended(this.#desks.call(call), beside(call)),
      watch: (call) => this.#desks.watch(call),
    };
  }

  readonly #works = (callId: string): boolean => this.#calls.works(callId) || this.#pending.has(callId);

  /** Before the call's record goes, so that whoever ends a call that was half ended does it all again. A bug in one costs no other, and no detail record. */
  #onOver(call: Call): void {
    const beside = { callId: call.id, telemetry: this.#ports.telemetry };
    const ends = [() => this.#closeCallback(call), () => this.#desks.leave(call), () => this.#relayed.release(call)];
    for (const end of ends) unattended(new Promise<void>((resolve) => resolve(end())), beside);
  }

  /** The window in which the PSAP reaches the caller begins to run. */
  #closeCallback(call: Call): Promise<unknown> | undefined {
    const { callbackWindowMs } = this.#topology.current?.snapshot.topology.emergency ?? defaultEmergencyPlan;
    const end = callbackEndOf(call, callbackWindowMs, this.#ports.clock.now());
    return end === null ? undefined : this.#callbacks.end(end);
  }

  #admissions(): Admissions {
    return {
      refusal: (callId, arrival) => this.#refusal(callId, arrival),
      closed: () => closedFor(this.#openness()),
    };
  }

  #refusal(callId: string, { edge, callsPerSecond }: Arrival): FailureCode | null {
    const { load } = this.#ports;
    const busy = { setups: this.#calls.setups, lagMs: load.lagMs(), wait: load.waitBy(edge), callsPerSecond };
    return ordinaryRefusal(callId, { ...this.#openness(), ...busy }, this.#limits);
  }

  #openness() {
    return { draining: this.#draining, storeAway: this.#store.gone };
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#ports.clock.after(ms, resolve));
  }
}
