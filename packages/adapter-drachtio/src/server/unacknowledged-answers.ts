import { parseCSeq, type SipMessage } from "@tandem/sip";
import type { ReceivedMessage } from "@tandem/sip-endpoint";
import type { Application } from "./application.ts";
import { toTag } from "./dialog-id.ts";
import type { OutgoingCall } from "./outgoing-call.ts";

/** A 2xx to an INVITE of ours that nobody has acknowledged yet. */
export interface UnacknowledgedAnswer {
  readonly call: OutgoingCall;
  readonly answer: ReceivedMessage;
  /** Clock time when it came first, milliseconds. */
  readonly atMs: number;
  /** Its application was told it, and it did not come again after that was lost. */
  readonly told: boolean;
}

/** 64*T1: the peer gives up repeating its 2xx then (RFC 3261 §13.3.1.4). */
export const ANSWER_LIFE_MS = 32_000;

/** Answered INVITEs by (Call-ID, CSeq number, To tag), which is what their ACK tells, from whichever application it comes. */
export class UnacknowledgedAnswers {
  readonly #answers = new Map<string, UnacknowledgedAnswer>();

  add(unacknowledged: UnacknowledgedAnswer): void {
    this.#answers.set(keyOf(unacknowledged.answer.message), unacknowledged);
  }

  /** It came again after its application was lost. */
  repeated(call: OutgoingCall, answer: ReceivedMessage, nowMs: number): void {
    const atMs = this.#answers.get(keyOf(answer.message))?.atMs ?? nowMs;
    this.add({ call, answer, atMs, told: false });
  }

  /** The application of these answers is gone: another one may still acknowledge them for a while. */
  lost(session: Application, nowMs: number): void {
    for (const { call } of this.#answers.values()) if (call.session === session) call.lostMs = nowMs;
  }

  /** The answer that this ACK acknowledges; it is forgotten. */
  acknowledge(ack: SipMessage): UnacknowledgedAnswer | undefined {
    const key = keyOf(ack);
    const found = this.#answers.get(key);
    this.#answers.delete(key);
    return found;
  }

  /** The answer goes to another application, or is done with. */
  forget(answer: ReceivedMessage): void {
    this.#answers.delete(keyOf(answer.message));
  }

  /** Those of an application that nobody acknowledged. */
  of(session: Application): readonly UnacknowledgedAnswer[] {
    return [...this.#answers.values()].filter(({ call }) => call.session === session);
  }

  /** Takes out the answers whose peer has given up, or whose application is gone and nobody else sent the ACK in time. */
  takeOverdue(nowMs: number, orphanMs: number): UnacknowledgedAnswer[] {
    const overdue: UnacknowledgedAnswer[] = [];
    for (const [key, answer] of this.#answers) {
      const { call, atMs } = answer;
      const isOverdue = call.lostMs === 0 ? nowMs - atMs >= ANSWER_LIFE_MS : nowMs - call.lostMs >= orphanMs;
      if (!isOverdue) continue;
      this.#answers.delete(key);
      overdue.push(answer);
    }
    return overdue;
  }
}

function keyOf(message: SipMessage): string {
  const sequence = parseCSeq(message.get("CSeq") ?? "")?.sequence ?? 0;
  return `${message.get("Call-ID") ?? ""} ${sequence} ${toTag(message) ?? ""}`;
}
