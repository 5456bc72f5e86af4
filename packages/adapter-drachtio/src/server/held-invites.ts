import type { Application } from "./application.ts";
import type { OutgoingCall } from "./outgoing-call.ts";

/**
 * INVITEs whose application was lost, by the branch it gave them: another application that sends the same INVITE with the same branch goes on with it, and
 * the called side notices nothing.
 */
export class HeldInvites {
  readonly #byBranch = new Map<string, OutgoingCall>();

  /** Holds it from now on, if it can be known again. False: it cannot, and must be ended. */
  hold(call: OutgoingCall, nowMs: number): boolean {
    const { octets }: Application = call.session;
    if (!octets || call.branch === "") return false;
    call.lostMs = nowMs;
    this.#byBranch.set(call.branch, call);
    return true;
  }

  /** The one with this branch; it is held no longer. */
  take(branch: string): OutgoingCall | undefined {
    const held = this.#byBranch.get(branch);
    this.#byBranch.delete(branch);
    return held;
  }

  /** Takes out those that nobody asked for in time. */
  takeOverdue(nowMs: number, holdMs: number): readonly OutgoingCall[] {
    const overdue = [...this.#byBranch.values()].filter(({ lostMs }) => nowMs - lostMs >= holdMs);
    for (const { branch } of overdue) this.#byBranch.delete(branch);
    return overdue;
  }
}
