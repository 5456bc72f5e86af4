import { setTimeout as delay } from "node:timers/promises";
import { buildRequest, readTag, responseTo, type SipMessage } from "@tandem/sip";
import { ALLOW, SDP, session } from "../harness/scripted-call.ts";
import type { CallPlan } from "./call-plan.ts";
import type { SequenceBreach } from "./sequence-watch.ts";
import type { ArrivedRequest, RequestEnd, SipAgent } from "./sip-agent.ts";
import { sequenceOf, StormDialog } from "./storm-dialog.ts";

/** What the caller saw of one call. Times are epoch milliseconds; 0: it did not come to that. */
export interface CallerView {
  readonly plan: CallPlan;
  readonly sipCallId: string;
  readonly startMs: number;
  /** First answer of any kind but 100. */
  firstAnswerMs: number;
  answerMs: number;
  endMs: number;
  /** Final status of the INVITE; 0: nothing came. */
  status: number;
  /** Final status of our BYE; 0: nothing came; null: we sent none. */
  byeStatus: number | null;
  /** A BYE came, from the called side or from the system. */
  byeCameMs: number;
  reInviteStatus: number | null;
  readonly breaches: SequenceBreach[];
  /** Requests in the dialog that came again, the same in every byte but Via. */
  repeated: number;
  /** Requests of ours in dialogs, how long each took (ms). */
  readonly requests: { readonly method: string; readonly startMs: number; readonly tookMs: number }[];
}

interface Active {
  readonly view: CallerView;
  dialog: StormDialog | null;
  /** Resolves when a BYE came. */
  readonly ended: PromiseWithResolvers<void>;
}

/** The called side's BYE may be late by so much: its own repetitions, and ours on the other leg. */
const LATE_BYE_MS = 35_000;

/** All callers of a storm behind one socket. */
export class StormCaller {
  readonly #agent: SipAgent;
  /** `host:port` of the pool's listener for callers. */
  readonly #pool: string;
  readonly #active = new Map<string, Active>();
  readonly views: CallerView[] = [];

  constructor(agent: SipAgent, pool: string) {
    this.#agent = agent;
    this.#pool = pool;
    agent.onRequest = (request) => this.#onRequest(request);
    agent.onStray = (response) =>
      this.#active.get(response.get("Call-ID") ?? "")?.dialog?.acknowledge(sequenceOf(response));
  }

  /** Established calls now. */
  get established(): number {
    let count = 0;
    for (const { view } of this.#active.values()) if (view.answerMs > 0 && view.endMs === 0) count += 1;
    return count;
  }

  /** Plays one call to its end. */
  async place(plan: CallPlan): Promise<void> {
    const invite = this.#invite(plan);
    const sipCallId = invite.get("Call-ID") ?? "";
    const view: CallerView = {
      plan,
      sipCallId,
      startMs: Date.now(),
      firstAnswerMs: 0,
      answerMs: 0,
      endMs: 0,
      status: 0,
      byeStatus: null,
      byeCameMs: 0,
      reInviteStatus: null,
      breaches: [],
      repeated: 0,
      requests: [],
    };
    this.views.push(view);
    const active: Active = { view, dialog: null, ended: Promise.withResolvers() };
    this.#active.set(sipCallId, active);
    await this.#setUp(active, invite);
    if (view.status === 200) await this.#talk(active);
    // A repeated BYE or 200 may still come.
    await delay(1_000);
    this.#active.delete(sipCallId);
  }

  async #setUp(active: Active, invite: SipMessage): Promise<void> {
    const { view } = active;
    const { cancelMs } = view.plan;
    let cancelling = false;
    const onProvisional = (response: SipMessage): void => {
      if (response.status > 100 && view.firstAnswerMs === 0) view.firstAnswerMs = Date.now();
      if (response.status === 100 || cancelMs === null || cancelling) return;
      cancelling = true;
      void delay(cancelMs).then(() => this.#agent.request(cancelOf(invite)));
    };
    const { final } = await this.#agent.request(invite, onProvisional);
    view.status = final?.status ?? 0;
    if (final === null) return;
    view.firstAnswerMs ||= Date.now();
    if (final.status !== 200) return this.#agent.acknowledge(failureAck(invite, final));
    view.answerMs = Date.now();
    active.dialog = new StormDialog(this.#agent, "caller", view.plan.token, { invite, answer: final });
    active.dialog.acknowledge();
  }

  async #talk({ view, dialog, ended }: Active): Promise<void> {
    const { plan } = view;
    if (dialog === null) return;
    const over = ended.promise.then(() => "over" as const);
    const half = plan.holdMs / 2;
    if ((await Promise.race([over, delay(half, "half" as const)])) === "half") {
      if (plan.reInviteBy === "caller" && plan.cancelMs === null) {
        const end = await dialog.reInvite(2);
        view.reInviteStatus = end.final?.status ?? 0;
        note(view, "INVITE", end);
      }
      // A call that was to be cancelled and was answered first is ended by its caller.
      const waits = plan.endedBy === "callee" && plan.cancelMs === null;
      await Promise.race([over, delay(half + (waits ? LATE_BYE_MS : 0))]);
    }
    view.endMs = view.byeCameMs || Date.now();
    if (view.byeCameMs > 0) return;
    const end = await dialog.bye();
    view.byeStatus = end.final?.status ?? 0;
    note(view, "BYE", end);
  }

  #onRequest({ message, from, answer }: ArrivedRequest): void {
    const active = this.#active.get(message.get("Call-ID") ?? "");
    const { method } = message;
    if (method === "ACK") return;
    if (active === undefined || active.dialog === null) return answer(responseTo(message, 481, { toTag: "gone" }));
    const { view, dialog } = active;
    const breach = dialog.takes(message, from);
    if (breach !== null) view.breaches.push(breach);
    view.repeated = dialog.repeated;
    if (method === "INVITE") return answer(sessionAnswer(message, plainContact(view.plan.token, this.#agent)));
    if (method === "BYE" && view.byeCameMs === 0) {
      view.byeCameMs = Date.now();
      active.ended.resolve();
    }
    answer(responseTo(message, 200));
  }

  #invite(plan: CallPlan): SipMessage {
    const number = plan.emergency ? "911" : plan.firstTrunkFails ? "8005550199" : "8005550100";
    const uri = `sip:${number}@${this.#pool}`;
    return buildRequest({
      method: "INVITE",
      uri,
      headers: [
        ["Via", this.#agent.via()],
        ["Max-Forwards", "70"],
        ["From", `<sip:${plan.token}@${this.#agent.hostport}>;tag=c${plan.token}`],
        ["To", `<${uri}>`],
        ["Call-ID", `storm-${plan.token}-${this.#agent.port}`],
        ["CSeq", "1 INVITE"],
        ["Contact", plainContact(plan.token, this.#agent)],
        ALLOW,
        SDP,
      ],
      body: session(1),
    });
  }
}

function note(view: CallerView, method: string, { tookMs }: RequestEnd): void {
  view.requests.push({ method, startMs: Date.now() - tookMs, tookMs });
}

/** Contact of a user behind an agent. */
export function plainContact(user: string, agent: SipAgent): string {
  return `<sip:${user}@${agent.hostport}>`;
}

/** 200 to an INVITE or re-INVITE with the session's other half. */
export function sessionAnswer(invite: SipMessage, contact: string, toTag?: string): SipMessage {
  const known = readTag(invite.get("To") ?? "") ?? toTag;
  return responseTo(invite, 200, {
    ...(known === undefined ? {} : { toTag: known }),
    headers: [["Contact", contact], ALLOW, SDP],
    body: session(2, sequenceOf(invite)),
  });
}

function cancelOf(invite: SipMessage): SipMessage {
  const kept = ["Via", "From", "To", "Call-ID"].map((name) => [name, invite.get(name) ?? ""] as const);
  return buildRequest({
    method: "CANCEL",
    uri: invite.uri,
    headers: [...kept, ["CSeq", `${sequenceOf(invite)} CANCEL`], ["Max-Forwards", "70"]],
  });
}

function failureAck(invite: SipMessage, final: SipMessage): SipMessage {
  const kept = ["Via", "From", "Call-ID"].map((name) => [name, invite.get(name) ?? ""] as const);
  return buildRequest({
    method: "ACK",
    uri: invite.uri,
    headers: [...kept, ["To", final.get("To") ?? ""], ["CSeq", `${sequenceOf(invite)} ACK`], ["Max-Forwards", "70"]],
  });
}
