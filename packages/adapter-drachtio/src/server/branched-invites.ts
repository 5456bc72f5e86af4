import type { Application } from "./application.ts";
import type { OutgoingCall } from "./outgoing-call.ts";

/**
 * INVITEs with a branch that their application gave them: another application that sends the same INVITE with the same branch goes on with it, and the called side notices
 * nothing.
 */
export class BranchedInvites {
  readonly #underWay = new Map<string, OutgoingCall>();
  /** Those whose application was lost; some have their final response. */
  readonly #held = new Map<string, OutgoingCall>();

  /** It is sent, or goes on. */
  begin(call: OutgoingCall): void {
    if (call.branch !== "") this.#underWay.set(call.branch, call);
  }

  /** It got its final response, or will get none. */
  finish(call: OutgoingCall): void {
    if (this.#underWay.get(call.branch) === call) this.#underWay.delete(call.branch);
  }

  /** Holds it from now on, if it can be known again. False: it cannot, and must be ended. */
  hold(call: OutgoingCall, nowMs: number): boolean {
    const { octets }: Application = call.session;
    if (!octets || call.branch === "") return false;
    call.lostMs = nowMs;
    this.#held.set(call.branch, call);
    return true;
  }

  /**
   * The one with this branch with which the application goes on: it is held no longer, or was under way for another application, which may not know yet that this one
   * has its call.
   */
  take(branch: string, heir: Application): OutgoingCall | undefined {
    const held = this.#held.get(branch);
    this.#held.delete(branch);
    const underWay = this.#underWay.get(branch);
    return held ?? (underWay?.session === heir ? undefined : underWay);
  }

  /** Takes out those that nobody asked for in time. */
  takeOverdue(nowMs: number, holdMs: number): readonly OutgoingCall[] {
    const overdue = [...this.#held.values()].filter(({ lostMs }) => nowMs - lostMs >= holdMs);
    for (const { branch } of overdue) this.#held.delete(branch);
    return overdue;
  }
}
