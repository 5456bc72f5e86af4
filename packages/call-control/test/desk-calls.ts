import { defaultLocationPolicy, parseCall, type Call, type Topology } from "@tandem/domain";
import { withHeaders, type SipMessage } from "@tandem/sip";
import {
  answerTo,
  arriving,
  FakeWorld,
  last,
  requestFrom,
  sampleTopology,
  settle,
  type FakeWorker,
  type RequestSketch,
  type SentRequest,
} from "../src/testing/index.ts";

export const [RELAY, OTHER_RELAY] = ["203.0.113.20:22222", "203.0.113.21:22222"] as const;

export const DESK = "sip:desk@198.51.100.2";

const HOST = { psap: "203.0.113.9", desk: "198.51.100.2" } as const;

export const MIXER = "203.0.113.30:22300";

export function topology(mediaRelays: readonly string[] = [RELAY], mode: "oneway" | "twoway" = "oneway"): Topology {
  const conference = { uri: DESK, mode, by: "local", trunk: "pstn-2" } as const;
  const policies = [{ ...defaultLocationPolicy, name: "hq", conference }];
  const emergency = { ...sampleTopology.emergency, policies, policy: "hq", mediaRelays, mediaMixers: [MIXER] };
  return { ...sampleTopology, emergency };
}

/** Requests to one of the two, in order. */
export function sentTo(worker: FakeWorker, peer: keyof typeof HOST, method = "INVITE"): readonly SentRequest[] {
  return worker.sip.requests(method).filter(({ message }) => message.uri.includes(HOST[peer]));
}

export async function answer(worker: FakeWorker, peer: keyof typeof HOST, status: number): Promise<void> {
  const sent = last(sentTo(worker, peer));
  const response = answerTo(sent.message, status, peer);
  sent.answer(withHeaders(response, (headers) => headers.set("Contact", `<sip:${HOST[peer]}:5060>`)));
  await settle();
}

export interface Running {
  readonly callId: string;
  /** Our answer to the caller. */
  readonly ok: SipMessage;
  acknowledge(at?: FakeWorker): Promise<void>;
}

/** A 911 call that the PSAP has answered. */
export async function answered(made: FakeWorld, worker: FakeWorker): Promise<Running> {
  const request = arriving(requestFrom({ uri: "sip:911@192.0.2.1" }));
  worker.engine.onRequest(request);
  await made.clock.advance(1);
  await answer(worker, "psap", 200);
  const ok = worker.sip.responseTo(request.transaction.id);
  const callId = /tag=(\w+)-a/.exec(ok.get("To") ?? "")?.[1] ?? "";
  const acknowledge = async (at = worker): Promise<void> => {
    at.engine.onRequest(arriving(inDialog("ACK", ok, 1)));
    await made.clock.advance(100);
  };
  return { callId, ok, acknowledge };
}

/** A request of a peer in the dialog that a message of ours made. */
export function inDialog(method: string, message: SipMessage, cseq: number): SipMessage {
  return requestFrom({ method, cseq, to: message.get("To") ?? "", body: "", branch: `z9hG4bK-${method}-${cseq}` });
}

/** A request of a called peer in its dialog. */
export function fromCalled(
  worker: FakeWorker,
  peer: keyof typeof HOST,
  sketch: string | (RequestSketch & { readonly method: string }),
): SipMessage {
  const { method, cseq = 1, ...rest } = typeof sketch === "string" ? { method: sketch } : sketch;
  const invite = last(sentTo(worker, peer)).message;
  return requestFrom({
    method,
    cseq,
    from: `${invite.get("To") ?? ""};tag=${peer}`,
    to: invite.get("From") ?? "",
    callId: invite.get("Call-ID") ?? "",
    branch: `z9hG4bK-${peer}-${method}-${cseq}`,
    ...rest,
  });
}

export async function world(relays?: readonly string[]) {
  const made = new FakeWorld(topology(relays));
  return { made, worker: await made.worker() };
}

export function stored(made: FakeWorld, callId: string): Call | null {
  const row = made.store.rows.get(callId);
  const call = row === undefined ? null : parseCall(row.write.document);
  return call?.ok === true ? call.value : null;
}

/** What the call's record says of its desk. */
export const noted = (made: FakeWorld, callId: string) =>
  stored(made, callId)?.facts.desk.map(({ outcome, sipCode }) =>
    sipCode === null ? outcome : `${outcome} ${sipCode}`,
  );

export const told = ({ telemetry }: FakeWorker) => telemetry.emergencyTold.filter((line) => line.startsWith("desk"));
