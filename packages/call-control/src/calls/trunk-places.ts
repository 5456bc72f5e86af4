import { err, essentialDeadline, type Call, type Effect, type Failure, type Result } from "@tandem/domain";
import type { CallShell } from "./call-shell.ts";
import { FAULT, sure, type EffectContext } from "./effect-context.ts";
import { patiently } from "./patiently.ts";

/** A lease outlives the record's deadline by this much: the sweep comes first. */
const LEASE_MARGIN_MS = 600_000;

/** Prolongs the leases a call holds to its next deadline. Never refused, never awaited. */
export function renewLeases(call: Call, { ports }: CallShell): void {
  const nowMs = ports.clock.now();
  const untilMs = essentialDeadline(call) + LEASE_MARGIN_MS;
  for (const trunk of call.reserved) {
    if (call.facts.emergency !== null) {
      void ports.gate.seize({ trunk, callId: call.id, maxCalls: 0, preempts: false, nowMs, untilMs });
    } else void ports.gate.reserve({ trunk, callId: call.id, maxCalls: 0, maxCallsPerSecond: 0, nowMs, untilMs });
  }
}

/** A call that ends takes no place any more: its last ones are given back as soon as the store is there. */
export function release(trunk: string, { call, shell }: EffectContext): void {
  const { clock, gate } = shell.ports;
  const give = (): Promise<Result<void, Failure>> => gate.release(trunk, call.id);
  void (call.phase === "over" || call.phase === "ending" ? patiently(clock, give, ({ ok }) => !ok) : give());
}

/** Asks for a place on a trunk with limits; the event `gate` answers. */
export function reserve(effect: Extract<Effect, { kind: "reserve" }>, context: EffectContext): void {
  const { call, work, shell } = context;
  const { kind: _kind, trunk, ...limits } = effect;
  const nowMs = shell.ports.clock.now();
  const untilMs = essentialDeadline(call) + LEASE_MARGIN_MS;
  const reply = shell.ports.gate.reserve({ trunk, callId: call.id, ...limits, nowMs, untilMs });
  work.expect(sure(context, reply, err(FAULT)), (reserved) => {
    const result = reserved.ok ? reserved.value : "unavailable";
    shell.post(call.id, { event: { kind: "gate", trunk, result } });
  });
}

/** An ordinary call that loses its place is ended through its record, whichever worker has it. */
export function seize(effect: Extract<Effect, { kind: "seize" }>, context: EffectContext): void {
  const { call, work, shell } = context;
  const { trunk, maxCalls, preempts } = effect;
  const nowMs = shell.ports.clock.now();
  const untilMs = essentialDeadline(call) + LEASE_MARGIN_MS;
  const reply = shell.ports.gate.seize({ trunk, callId: call.id, maxCalls, preempts, nowMs, untilMs });
  work.expect(sure(context, reply, err(FAULT)), (seized) => {
    const victim = seized.ok ? seized.value.victim : null;
    if (victim !== null) {
      shell.ports.telemetry.emergency.preempted(trunk);
      shell.ports.telemetry.log("warn", "a call ends to make room for an emergency call", { callId: victim, trunk });
      shell.post(victim, { event: { kind: "end", failure: "preempted" } });
    }
    const result = !seized.ok ? "unavailable" : victim === null ? "place" : "room-made";
    shell.post(call.id, { event: { kind: "seized", trunk, result } });
  });
}
