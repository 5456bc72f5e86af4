import { ok, type Failure, type Result } from "@tandem/domain";
import {
  NO_WAIT,
  type AttemptOutcome,
  type CallOutcome,
  type DetailRecordSpool,
  type EdgeWait,
  type EmergencyTelemetry,
  type IdentityHash,
  type LoadMeter,
  type NameResolver,
  type Telemetry,
  type UnfinishedCall,
} from "../ports/index.ts";

/** Remembers what it was told. */
export class FakeTelemetry implements Telemetry {
  readonly started: { readonly pool: string; readonly ingressTrunk: string }[] = [];
  readonly ended: CallOutcome[] = [];
  readonly attempts: AttemptOutcome[] = [];
  readonly refused: { readonly method: string; readonly failure: string }[] = [];
  readonly delays: { readonly kind: "ring" | "answer"; readonly trunk: string; readonly ms: number }[] = [];
  readonly logged: { readonly level: string; readonly message: string; readonly fields: unknown }[] = [];
  /** Told about emergency calls, one line each: `<what> <values>`. */
  readonly emergencyTold: string[] = [];
  readonly emergency: EmergencyTelemetry = {
    attemptEnded: (trunk, outcome) => void this.emergencyTold.push(`attempt ${trunk} ${outcome}`),
    ringing: (pool, ms) => void this.emergencyTold.push(`ringing ${pool} ${ms}`),
    location: (kind) => void this.emergencyTold.push(`location ${kind}`),
    preparationFailed: (step) => void this.emergencyTold.push(`preparation failed ${step}`),
    alarm: (cause) => void this.emergencyTold.push(`alarm ${cause}`),
    preempted: (trunk) => void this.emergencyTold.push(`preempted ${trunk}`),
    callback: (trunk) => void this.emergencyTold.push(`callback ${trunk}`),
    desk: (outcome) => void this.emergencyTold.push(`desk ${outcome}`),
    noticesWaiting: (count) => void this.emergencyTold.push(`notices waiting ${count}`),
  };
  setups = 0;
  conflicts = 0;

  callStarted(call: { readonly pool: string; readonly ingressTrunk: string }): void {
    this.started.push(call);
  }

  callEnded(call: CallOutcome): void {
    this.ended.push(call);
  }

  attemptEnded(attempt: AttemptOutcome): void {
    this.attempts.push(attempt);
  }

  postDialDelay(trunk: string, ms: number): void {
    this.delays.push({ kind: "ring", trunk, ms });
  }

  answerDelay(trunk: string, ms: number): void {
    this.delays.push({ kind: "answer", trunk, ms });
  }

  requestRefused(refusal: { readonly method: string; readonly failure: string }): void {
    this.refused.push(refusal);
  }

  setupsActive(count: number): void {
    this.setups = count;
  }

  casConflict(): void {
    this.conflicts += 1;
  }

  log(level: string, message: string, fields: Readonly<Record<string, unknown>>): void {
    this.logged.push({ level, message, fields });
  }
}

/** A spool in memory. */
export class FakeDetailRecordSpool implements DetailRecordSpool {
  readonly entries: UnfinishedCall[] = [];

  put(entry: UnfinishedCall): Promise<Result<void, Failure>> {
    this.entries.push(entry);
    return Promise.resolve(ok(undefined));
  }

  peek(limit: number): Promise<Result<readonly UnfinishedCall[], Failure>> {
    return Promise.resolve(ok(this.entries.slice(0, limit)));
  }

  remove(entry: UnfinishedCall): Promise<Result<void, Failure>> {
    const at = this.entries.findIndex((candidate) => candidate.call.callId === entry.call.callId);
    if (at >= 0) this.entries.splice(at, 1);
    return Promise.resolve(ok(undefined));
  }
}

/** A resolver that knows what the test told it; every IP literal is its own address. */
export class FakeNameResolver implements NameResolver {
  readonly names = new Map<string, readonly string[]>();
  asked = 0;

  addresses(host: string): Promise<Result<readonly string[], Failure>> {
    this.asked += 1;
    return Promise.resolve(ok(this.names.get(host) ?? [host]));
  }
}

/** A load meter that shows what the test sets. */
export class FakeLoadMeter implements LoadMeter {
  lag = 0;
  /** By edge, and of every other one. */
  readonly waits = new Map<string, EdgeWait>();
  wait: EdgeWait = NO_WAIT;

  lagMs(): number {
    return this.lag;
  }

  waitBy(edge: string): EdgeWait {
    return this.waits.get(edge) ?? this.wait;
  }
}

/** Stands for the hash: 26 characters of the right alphabet that depend on the whole text. No cryptography. */
export const fakeHash: IdentityHash = (text) => {
  let out = "";
  for (let round = 0; out.length < 26; round += 1) {
    let hash = 0x811c9dc5 ^ round;
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    out += (hash >>> 0).toString(32).padStart(7, "0");
  }
  return out.slice(0, 26);
};
