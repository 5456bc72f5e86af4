import { createCallEngine, type CallEngine, type CallEngineOptions } from "../call-engine.ts";
import type { PidfReader, Topology } from "@tandem/domain";
import { noLocationSource, type CallTraces, type LocationSource } from "../ports/index.ts";
import { FakeCallbackBook } from "./fake-callback-book.ts";
import { FakeCallStore } from "./fake-call-store.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeMediaMixer } from "./fake-media-mixer.ts";
import { FakeMediaRelay } from "./fake-media-relay.ts";
import { FakeNoticeLog, FakeNoticeSpool } from "./fake-emergency-books.ts";
import { FakeWorkerErrands } from "./fake-worker-errands.ts";
import { FakeProbeExchange, FakeTopologyRegistry, FakeTrunkHealthBoard } from "./fake-cluster-state.ts";
import { fakeHash, FakeDetailRecordSpool, FakeLoadMeter, FakeNameResolver, FakeTelemetry } from "./fake-process.ts";
import { FakeSetupClaims } from "./fake-setup-claims.ts";
import { FakeSipPort } from "./fake-sip-port.ts";
import { FakeTrunkGate } from "./fake-trunk-gate.ts";
import { compileJson, sampleTopology } from "./sample-topology.ts";
import { FakeTopologyCache } from "./fake-topology-cache.ts";

/** What several workers of one cluster share. */
export class FakeWorld {
  readonly clock = new FakeClock();
  readonly store = new FakeCallStore();
  readonly gate = new FakeTrunkGate();
  readonly topology = new FakeTopologyRegistry();
  readonly topologyCache = new FakeTopologyCache();
  readonly health = new FakeTrunkHealthBoard();
  readonly probes = new FakeProbeExchange();
  readonly names = new FakeNameResolver();
  locations: LocationSource = noLocationSource;
  readonly media = new FakeMediaRelay();
  readonly mixers = new FakeMediaMixer();
  callbacks: FakeCallbackBook = new FakeCallbackBook();
  readonly setupClaims = new FakeSetupClaims();
  readPidf: PidfReader = () => null;
  readonly noticeLog = new FakeNoticeLog();
  readonly errands = new FakeWorkerErrands();
  /** Null: nobody wants to know how calls went. */
  traces: CallTraces | null = null;

  constructor(topology: Topology | null = sampleTopology) {
    this.store.now = () => this.clock.now();
    if (topology !== null) this.topology.put(JSON.stringify(topology));
  }

  /** Another worker in this world, started. */
  async worker(options: Partial<CallEngineOptions> = {}): Promise<FakeWorker> {
    const worker = new FakeWorker(this, options);
    await worker.engine.start();
    return worker;
  }
}

/** One worker: the engine with its own SIP port, spool, telemetry and load. */
export class FakeWorker {
  readonly sip = new FakeSipPort();
  readonly spool = new FakeDetailRecordSpool();
  readonly noticeSpool = new FakeNoticeSpool();
  readonly telemetry = new FakeTelemetry();
  readonly load = new FakeLoadMeter();
  readonly engine: CallEngine;

  constructor(world: FakeWorld, options: Partial<CallEngineOptions>) {
    const { sip, spool, telemetry, load } = this;
    const {
      clock,
      store,
      gate,
      topology,
      topologyCache,
      health,
      probes,
      names,
      locations,
      callbacks,
      errands,
      noticeLog,
    } = world;
    this.engine = createCallEngine(
      {
        clock,
        store,
        gate,
        topology,
        topologyCache,
        health,
        probes,
        names,
        sip,
        spool,
        telemetry,
        load,
        hash: fakeHash,
        locations,
        media: world.media,
        mixers: world.mixers,
        callbacks,
        setupClaims: world.setupClaims,
        readPidf: world.readPidf,
        unguessable: () => "unguessable1",
        errands,
        noticeLog,
        noticeSpool: this.noticeSpool,
        ...(world.traces !== null && { traces: world.traces }),
      },
      { pool: "east", compile: compileJson, ...options },
    );
  }
}
