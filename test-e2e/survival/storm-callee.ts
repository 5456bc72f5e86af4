import { setTimeout as delay } from "node:timers/promises";
import { parseNameAddr, parseSipUri, readTag, responseTo, topVia, type SipMessage } from "@tandem/sip";
import type { CallPlan } from "./call-plan.ts";
import type { SequenceBreach } from "./sequence-watch.ts";
import type { ArrivedRequest, SipAgent } from "./sip-agent.ts";
import { plainContact, sessionAnswer } from "./storm-caller.ts";
import { StormDialog } from "./storm-dialog.ts";

/** What a gateway saw of one INVITE. Times are epoch milliseconds; 0: it did not come to that. */
export interface CalleeView {
  readonly token: string;
  readonly gateway: string;
  readonly sipCallId: string;
  readonly startMs: number;
  answerMs: number;
  ackMs: number;
  cancelMs: number;
  byeCameMs: number;
  /** Final status of our BYE; 0: nothing came; null: we sent none. */
  byeStatus: number | null;
  refused: number;
  reInviteStatus: number | null;
  readonly breaches: SequenceBreach[];
  /** Requests in the dialog that came again, the same in every byte but Via. */
  repeated: number;
  readonly requests: { readonly method: string; readonly startMs: number; readonly tookMs: number }[];
}

interface Leg {
  readonly view: CalleeView;
  readonly plan: CallPlan;
  dialog: StormDialog | null;
  invite: ArrivedRequest;
}

/** One gateway of a storm: answers as the call's plan says. */
export class StormCallee {
  readonly #name: string;
  readonly #agent: SipAgent;
  readonly #planOf: (token: string) => CallPlan | undefined;
  /** This gateway refuses calls whose plan has their first trunk fail. */
  readonly #refuses: boolean;
  readonly #legs = new Map<string, Leg>();
  readonly views: CalleeView[] = [];

  constructor(
    agent: SipAgent,
    given: { name: string; refuses: boolean; planOf: (token: string) => CallPlan | undefined },
  ) {
    this.#agent = agent;
    this.#name = given.name;
    this.#planOf = given.planOf;
    this.#refuses = given.refuses;
    agent.onRequest = (request) => this.#onRequest(request);
  }

  #onRequest(request: ArrivedRequest): void {
    const { message, answer } = request;
    const leg = this.#legs.get(message.get("Call-ID") ?? "");
    const inDialog = readTag(message.get("To") ?? "") !== undefined;
    if (message.method === "INVITE" && !inDialog) return this.#newCall(request);
    if (message.method === "OPTIONS") return answer(responseTo(message, 200, { toTag: "o" }));
    if (leg === undefined) {
      if (message.method !== "ACK") answer(responseTo(message, 481, { toTag: "gone" }));
      return;
    }
    this.#inCall(leg, request);
  }

  #newCall(request: ArrivedRequest): void {
    const { message, answer } = request;
    const token = callerOf(message);
    const plan = this.#planOf(token);
    // RFC 3261 §8.2.2.2: the same request by another way, while the first is being worked on.
    const merged = this.#legs.get(message.get("Call-ID") ?? "");
    if (merged !== undefined) return answer(responseTo(message, 482, { toTag: "m" }));
    if (plan === undefined) return answer(responseTo(message, 404, { toTag: "x" }));
    const view: CalleeView = {
      token,
      gateway: this.#name,
      sipCallId: message.get("Call-ID") ?? "",
      startMs: Date.now(),
      answerMs: 0,
      ackMs: 0,
      cancelMs: 0,
      byeCameMs: 0,
      byeStatus: null,
      refused: 0,
      reInviteStatus: null,
      breaches: [],
      repeated: 0,
      requests: [],
    };
    this.views.push(view);
    const leg: Leg = { view, plan, dialog: null, invite: request };
    this.#legs.set(view.sipCallId, leg);
    if (plan.firstTrunkFails && this.#refuses) {
      view.refused = 503;
      return answer(responseTo(message, 503, { toTag: this.#tag(view) }));
    }
    answer(responseTo(message, 100));
    void this.#play(leg);
  }

  async #play({ view, plan, invite }: Leg): Promise<void> {
    const toTag = this.#tag(view);
    const contact = plainContact("gw", this.#agent);
    await delay(plan.ringMs);
    if (view.cancelMs > 0) return;
    invite.answer(responseTo(invite.message, 180, { toTag, headers: [["Contact", contact]] }));
    await delay(plan.answerMs);
    if (view.cancelMs > 0) return;
    const ok = sessionAnswer(invite.message, contact, toTag);
    const leg = this.#legs.get(view.sipCallId);
    if (leg === undefined) return;
    leg.dialog = new StormDialog(this.#agent, "callee", "gw", { invite: invite.message, answer: ok });
    view.answerMs = Date.now();
    invite.answer(ok);
  }

  #inCall(leg: Leg, request: ArrivedRequest): void {
    const { message, answer } = request;
    const { view, dialog } = leg;
    switch (message.method) {
      case "ACK":
        if (view.ackMs === 0 && view.answerMs > 0) {
          view.ackMs = Date.now();
          void this.#talk(leg);
        }
        return;
      case "CANCEL":
        // RFC 3261 §9.2, §17.2.3: another Via is that of another INVITE.
        if (!isOfSameRequest(message, leg.invite.message)) return answer(responseTo(message, 481, { toTag: "c" }));
        answer(responseTo(message, 200, { toTag: this.#tag(view) }));
        if (view.answerMs > 0 || view.cancelMs > 0) return;
        view.cancelMs = Date.now();
        return leg.invite.answer(responseTo(leg.invite.message, 487, { toTag: this.#tag(view) }));
      default:
        note(view, dialog, request);
        if (message.method === "BYE" && view.byeCameMs === 0) view.byeCameMs = Date.now();
        if (message.method === "INVITE") answer(sessionAnswer(message, plainContact("gw", this.#agent)));
        else answer(responseTo(message, 200));
    }
  }

  /** What the plan has the called side do once the call is up. */
  async #talk({ view, plan, dialog }: Leg): Promise<void> {
    if (dialog === null || plan.cancelMs !== null) return;
    await delay(plan.holdMs / 2);
    if (plan.reInviteBy === "callee" && view.byeCameMs === 0) {
      const end = await dialog.reInvite(2);
      view.reInviteStatus = end.final?.status ?? 0;
      view.requests.push({ method: "INVITE", startMs: Date.now() - end.tookMs, tookMs: end.tookMs });
    }
    await delay(plan.holdMs / 2);
    if (plan.endedBy !== "callee" || view.byeCameMs > 0) return;
    const end = await dialog.bye();
    view.byeStatus = end.final?.status ?? 0;
    view.requests.push({ method: "BYE", startMs: Date.now() - end.tookMs, tookMs: end.tookMs });
  }

  #tag(view: CalleeView): string {
    return `t${view.startMs}${view.token}`;
  }
}

function isOfSameRequest(message: SipMessage, other: SipMessage): boolean {
  const [one, two] = [topVia(message), topVia(other)];
  return one?.branch === two?.branch && one?.host === two?.host && one?.port === two?.port;
}

function callerOf(message: SipMessage): string {
  return parseSipUri(parseNameAddr(message.get("From") ?? "")?.uri ?? "")?.user ?? "";
}

function note(view: CalleeView, dialog: StormDialog | null, { message, from }: ArrivedRequest): void {
  if (dialog === null) return;
  const breach = dialog.takes(message, from);
  if (breach !== null) view.breaches.push(breach);
  view.repeated = dialog.repeated;
}
