import { defaultLocationPolicy, parseCall, type Topology } from "@tandem/domain";
import type { SipMessage } from "@tandem/sip";
import {
  answerTo,
  arriving,
  FakeWorld,
  last,
  requestFrom,
  sampleTopology,
  settle,
  type FakeWorker,
  type SentRequest,
} from "../src/testing/index.ts";
import { established as callThatIsUp } from "./call-steps.ts";

/** A core whose REFERs are acted upon, a site with ELINs around it, and people to be told. */
export function topology(change: Partial<Topology["emergency"]> = {}): Topology {
  const trunks = sampleTopology.trunks.map((trunk) => ({
    ...trunk,
    settings: {
      ...trunk.settings,
      refer: "act" as const,
      ...(trunk.name === "sos" && { emergency: { ...trunk.settings.emergency, profile: "elin" as const } }),
    },
  }));
  const policy = { ...defaultLocationPolicy, name: "hq", notify: ["desk"] };
  const desk = {
    name: "desk",
    kind: "email" as const,
    address: "desk@example.net",
    escalateTo: null,
    escalateAfterMs: 60_000,
  };
  const location = { country: "US", a1: "NY", room: "317" };
  const emergency = {
    ...sampleTopology.emergency,
    policies: [policy],
    notificationTargets: [desk],
    sites: [{ name: "head-office", subnets: ["192.0.2.0/24"], policy: "hq", erl: "hq-1", location }],
    erls: [{ name: "hq-1", elins: ["+12125550901"], location: null }],
    screeningNumber: "+18005550199",
    ...change,
  };
  return { ...sampleTopology, trunks, emergency };
}

const FROM_OUTSIDE = {
  source: { address: "198.51.100.1", port: 5060, transport: "udp" },
  listener: "outside",
} as const;

interface Standing {
  readonly worker: FakeWorker;
  readonly world: FakeWorld;
  readonly ok: SipMessage;
  readonly sent: SentRequest;
}

/** A call from the core to somebody outside that is up. */
export async function established(world: FakeWorld): Promise<Standing> {
  const worker = await world.worker();
  return { worker, ...(await callThatIsUp(world, worker)) };
}

/** Whoever was called asks us to transfer the caller. */
export async function calleeRefers({ worker, sent }: Standing, target: string): Promise<number | undefined> {
  const request = arriving(
    requestFrom({
      method: "REFER",
      cseq: 50,
      from: `${sent.message.get("To") ?? ""};tag=callee`,
      to: sent.message.get("From") ?? "",
      callId: sent.message.get("Call-ID") ?? "",
      body: "",
      headers: [["Refer-To", target]],
    }),
    FROM_OUTSIDE,
  );
  worker.engine.onRequest(request);
  await settle();
  answerNotifies(worker);
  await settle();
  return worker.sip.statuses(request.transaction.id)[0];
}

/** The caller asks us to transfer whomever he called. */
export async function callerRefers({ worker, ok }: Standing, target: string): Promise<number | undefined> {
  const request = arriving(
    requestFrom({ method: "REFER", cseq: 12, to: ok.get("To") ?? "", body: "", headers: [["Refer-To", target]] }),
  );
  worker.engine.onRequest(request);
  await settle();
  answerNotifies(worker);
  await settle();
  return worker.sip.statuses(request.transaction.id)[0];
}

export function answerNotifies(worker: FakeWorker): void {
  for (const notify of worker.sip.requests("NOTIFY")) notify.answer(answerTo(notify.message, 200));
}

export function told(worker: FakeWorker): string {
  return last(worker.sip.requests("NOTIFY")).message.body.split("\r\n")[0] ?? "";
}

/** The record of the call. */
export function stored(world: FakeWorld) {
  const call = parseCall(last([...world.store.rows.values()]).write.document);
  if (!call.ok) throw new Error("no record");
  return call.value;
}

export async function hold({ worker, ok }: Standing): Promise<number | undefined> {
  const body = [
    "v=0",
    "o=- 1 2 IN IP4 192.0.2.10",
    "s=-",
    "c=IN IP4 192.0.2.10",
    "t=0 0",
    "m=audio 4000 RTP/AVP 0",
    "a=sendonly",
    "",
  ];
  const request = arriving(
    requestFrom({ method: "INVITE", cseq: 9, branch: "z9hG4bK-hold", to: ok.get("To") ?? "", body: body.join("\r\n") }),
  );
  worker.engine.onRequest(request);
  await settle();
  return worker.sip.statuses(request.transaction.id)[0];
}

/** A worker that has nothing but the stored calls of a world whose time stands still, after `afterMs`. */
export async function heir(dead: FakeWorld, afterMs: number): Promise<FakeWorker> {
  const world = new FakeWorld(topology());
  for (const [callId, row] of dead.store.rows) world.store.rows.set(callId, row);
  const worker = await world.worker();
  await world.clock.advance(afterMs);
  return worker;
}

/** The PSAP takes the call and the caller's side the new description. */
export async function taken({ worker }: Standing, invite: SentRequest): Promise<void> {
  invite.answer(answerTo(invite.message, 200, "psap"));
  await settle();
  const reInvite = last(worker.sip.requests("INVITE"));
  reInvite.answer(answerTo(reInvite.message, 200));
  await settle();
  answerNotifies(worker);
  for (const bye of worker.sip.requests("BYE")) bye.answer(answerTo(bye.message, 200));
  await settle();
}
