import {
  noticeSubject,
  noticeText,
  type EmergencyNotice,
  type NotificationTarget,
  type Snapshot,
} from "@tandem/domain";
import type { ChannelResult, NotificationChannel, WorkerErrands } from "../ports/index.ts";

/** Longest a MESSAGE waits for its answer. */
const TIMEOUT_MS = 8_000;

/** Statuses that say something about the moment, not about the target: 408, 429, 480, 5xx. */
const TRY_AGAIN: ReadonlySet<number> = new Set([408, 429, 480, 491, 494]);

/**
 * Notification by SIP MESSAGE (RFC 3428), with the headers that clients of the product class recognise: Priority and Call-Info with the purpose
 * ms-emergency-notification ([MS-SIPRE] 3.17.5.2). It leaves by a worker of the pool of the target's trunk.
 */
export class SipNotification implements NotificationChannel {
  readonly kind = "sip";
  readonly #errands: WorkerErrands;
  readonly #snapshot: () => Snapshot | null;
  #serial = 0;
  readonly #origin: string;

  /** `origin` makes errand ids unique among controllers. */
  constructor(errands: WorkerErrands, snapshot: () => Snapshot | null, origin: string) {
    this.#errands = errands;
    this.#snapshot = snapshot;
    this.#origin = origin;
  }

  async deliver(notice: EmergencyNotice, target: NotificationTarget): Promise<ChannelResult> {
    if (target.kind !== "sip") return { outcome: "refused", detail: "is no SIP target" };
    const trunk = this.#snapshot()?.trunks.get(target.trunk);
    if (trunk === undefined) return { outcome: "unreached", detail: "the topology has no such trunk" };
    this.#serial += 1;
    const sent = await this.#errands.request({
      id: `${this.#origin}-${notice.callId}-${this.#serial}`,
      pool: trunk.pool.name,
      trunk: target.trunk,
      timeoutMs: TIMEOUT_MS,
      task: { kind: "message", uri: target.uri, ...messageOf(notice) },
    });
    if (!sent.ok) return { outcome: "unreached", detail: sent.error.code };
    const { outcome, code } = sent.value;
    if (outcome !== "answered" || code === null) return { outcome: "unreached", detail: outcome };
    if (code < 300) return { outcome: "delivered", detail: String(code) };
    return { outcome: TRY_AGAIN.has(code) || isServerFault(code) ? "unreached" : "refused", detail: String(code) };
  }
}

function isServerFault(code: number): boolean {
  return code >= 500 && code < 600;
}

/** A test call is no emergency: it is marked in the text and does not ask for priority. */
function messageOf(notice: EmergencyNotice) {
  const caller = notice.callerUri === "" ? "sip:unavailable@unknown.invalid" : notice.callerUri;
  const headers: readonly (readonly [string, string])[] = [
    ["Priority", notice.test ? "non-urgent" : "emergency"],
    ["Call-Info", `<${caller}>;purpose=ms-emergency-notification`],
    ["Subject", noticeSubject(notice)],
    ["Date", new Date(notice.atMs).toUTCString()],
  ];
  return { headers, contentType: "text/plain;charset=UTF-8", body: noticeText(notice) };
}
