import type { MediaRelay, RelayedWay } from "@tandem/call-control";
import { ok, type Failure, type Result } from "@tandem/domain";
import { stateIn } from "./relayed-state.ts";
import { NgClient, unavailable, type NgDictionary } from "./ng-client.ts";

/** rtpengine as a media relay. */
export interface Rtpengine extends MediaRelay {
  close(): Promise<void>;
}

/** Longest that a call waits for one command. */
const COMMAND_MS = 250;

/** Peers are believed where they say they listen: the SIP message came from another address, a proxy's or ours. */
const FLAGS: readonly string[] = ["trust-address"];

/** Who hears a copy may take fewer formats than he is offered (RFC 3264 §6.1); without the flag rtpengine refuses such an answer. */
const COPY_FLAGS: readonly string[] = [...FLAGS, "allow-transcoding"];

/** The media relays that listen at the addresses they are asked by. Opens its sockets with the first command. */
export function createRtpengine(): Rtpengine {
  const client = new NgClient();
  const ask = (call: Named, command: NgDictionary) =>
    client.ask(call.relay, { ...command, "call-id": call.callId }, COMMAND_MS).then(checked);
  const describe = (way: RelayedWay, command: NgDictionary) => ask(way, command).then(descriptionIn);
  const offerCopy = (way: RelayedWay) =>
    ask(way, { command: "subscribe request", "from-tag": way.from, "to-tag": way.to });
  const takeCopy = (way: RelayedWay, flags: readonly string[], sdp: string) =>
    ask(way, { command: "subscribe answer", "to-tag": way.to, flags, sdp }).then(nothingIn);
  /** What the relay has of the call; null: it does not have it. */
  const query = async (call: Named): Promise<Result<NgDictionary | null, Failure>> => {
    const found = await ask(call, { command: "query" });
    return !found.ok && UNKNOWN.test(found.error.detail) ? ok(null) : found;
  };
  return {
    async answers(relay, limitMs) {
      const answer = await client.ask(relay, { command: "ping" }, limitMs);
      return answer.ok && answer.value["result"] === "pong";
    },
    // In the protocol `from-tag` is who offers, and `to-tag` who answers.
    offer: (way, sdp) => describe(way, { command: "offer", "from-tag": way.from, "to-tag": way.to, flags: FLAGS, sdp }),
    answer: (way, sdp) =>
      describe(way, { command: "answer", "from-tag": way.to, "to-tag": way.from, flags: FLAGS, sdp }),
    copy: (way) => offerCopy(way).then(descriptionIn),
    acceptCopy: (way, sdp) => takeCopy(way, COPY_FLAGS, sdp),
    endCopy: (way) => ask(way, { command: "unsubscribe", "to-tag": way.to }).then(nothingIn),
    speak: (way, sdp) => describe(way, { command: "publish", "from-tag": way.from, flags: FLAGS, sdp }),
    async hearInstead(way, sdp) {
      const offered = await offerCopy(way);
      return offered.ok ? takeCopy(way, FLAGS, sdp) : offered;
    },
    async state(call) {
      const found = await query(call);
      return found.ok ? ok(found.value === null ? null : stateIn(found.value)) : found;
    },
    async has(call) {
      const found = await query(call);
      return found.ok ? ok(found.value !== null) : found;
    },
    release: (call) => ask(call, { command: "delete", "delete-delay": 0 }).then(nothingIn),
    close: () => client.close(),
  };
}

type Named = Pick<RelayedWay, "relay" | "callId">;

/** How rtpengine says that it does not have a call. */
const UNKNOWN = /^unknown call-id$/i;

function checked(answer: Result<NgDictionary, Failure>): Result<NgDictionary, Failure> {
  if (!answer.ok || answer.value["result"] === "ok") return answer;
  const reason = answer.value["error-reason"];
  return unavailable(typeof reason === "string" ? reason : "no answer of the ng protocol");
}

function descriptionIn(answer: Result<NgDictionary, Failure>): Result<string, Failure> {
  if (!answer.ok) return answer;
  const { sdp } = answer.value;
  return typeof sdp === "string" && sdp !== "" ? ok(sdp) : unavailable("no description in the answer");
}

function nothingIn(answer: Result<NgDictionary, Failure>): Result<void, Failure> {
  return answer.ok ? ok(undefined) : answer;
}
