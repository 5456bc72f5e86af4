import { err, mediaWay, spread, type Call, type Failure } from "@tandem/domain";
import { findBody, replaceBody, type SipMessage } from "@tandem/sip";
import type { EmergencyCase } from "../ingress/prepare-emergency.ts";
import type { Clock, MediaRelay, Telemetry } from "../ports/index.ts";
import type { Mail } from "./call-shell.ts";
import { deskToHear, goesWithoutDesk, type DeskChoice } from "./desk-choice.ts";
import { leadDirectly, mixedTalk } from "./mixed-path.ts";
import { isFirstInvite } from "./open-requests.ts";
import { withFallback } from "./unattended.ts";

const SDP_TYPE = "application/sdp";

/** Longest that an emergency INVITE waits for a relay to answer, and how many are asked: together 200 ms. */
const RELAY_ANSWER_MS = 100;
const MOST_ASKED = 2;
/** A relay that did not answer is not asked again for so long. */
const LEFT_ALONE_MS = 5_000;
/**
 * Of a relay that carries a call one late answer says nothing: a datagram is lost, or we were busy ourselves. It counts as gone after so many questions in a
 * row, so far apart; together less than the time between two looks.
 */
const MOST_UNANSWERED = 3;
const ASK_AGAIN_MS = 1_000;

const FAULT: Failure = { code: "relay-unavailable", detail: "a fault of ours" };

export interface RelayParts {
  readonly media: MediaRelay;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly post: (callId: string, mail: Mail) => void;
}

/** Emergency calls whose audio passes a media relay, because a security desk is to hear them. No other call comes here. */
export class RelayedMedia {
  readonly #parts: RelayParts;
  /** Relays that did not answer, and until when they are left alone (epoch ms). */
  readonly #silent = new Map<string, number>();
  /** Calls whose relay did not answer and is asked once more; what is kept ends that. */
  readonly #unsure = new Map<string, () => void>();

  constructor(parts: RelayParts) {
    this.#parts = parts;
  }

  /** Finds a relay for the desk that is to hear the call. Bounded, never failing. */
  async choose(incident: EmergencyCase): Promise<DeskChoice> {
    const { callId, request, snapshot } = incident;
    const { telemetry } = this.#parts;
    const toHear = deskToHear(incident);
    if (toHear === null) return {};
    // Without an offer it is the PSAP's to make one, and what a relay is to do is known too late.
    const offered = findBody(request.message, SDP_TYPE) !== undefined;
    if (!offered) return { withoutDesk: goesWithoutDesk(callId, "no-media", telemetry) };
    const relay = await this.#relayFor(callId, snapshot.topology.emergency.mediaRelays);
    if (relay === null) return { withoutDesk: goesWithoutDesk(callId, "no-relay", telemetry) };
    return { desk: { relay, ...toHear } };
  }

  /**
   * The message with the relay in its description. `request`: what it answers. Where the relay fails the message goes as it is, and the call is told.
   */
  pass(call: Call, message: SipMessage, request?: SipMessage): Promise<SipMessage> {
    const beside = { callId: call.id, telemetry: this.#parts.telemetry };
    return withFallback(this.#passed(call, message, request), beside, () => message);
  }

  async #passed(call: Call, message: SipMessage, request?: SipMessage): Promise<SipMessage> {
    const { desk } = call;
    const leaf = describes(message) ? findBody(message, SDP_TYPE) : undefined;
    const way = desk === null || desk.lost || leaf === undefined ? null : mediaWay(call, message);
    if (desk === null || leaf === undefined || way === null) return message;
    const role = roleOf(message, request);
    // By an offer the relay lets the two hear each other, beside the mixer that they hear already.
    if (role === "offer") await this.#leaveMixer(call);
    const passing = this.#parts.media[role]({ relay: desk.relay, callId: call.id, ...way }, leaf.body);
    // Whatever goes wrong here, the message leaves.
    const passed = await passing.catch(() => err(FAULT));
    if (passed.ok) return replaceBody(message, leaf, passed.value);
    this.#lost(call, passed.error.detail, !isFirstInvite(message));
    return message;
  }

  async #leaveMixer(call: Call): Promise<void> {
    const talk = call.facts.desk.at(-1)?.outcome === "joined" ? mixedTalk(call) : null;
    if (talk !== null) await leadDirectly(this.#parts.media, talk).catch(() => undefined);
  }

  /** Asks the relay whether it has the call; a relay that is silent is asked some more times. */
  check(call: Call): Promise<void> {
    return this.#ask(call, 1);
  }

  async #ask(call: Call, time: number): Promise<void> {
    if (call.desk === null) return;
    this.#ended(call.id);
    const asking = this.#parts.media.has({ relay: call.desk.relay, callId: call.id });
    const has = await asking.catch(() => err(FAULT));
    if (has.ok && has.value) return;
    if (has.ok) return this.#lost(call, "the relay does not know the call", true);
    if (time >= MOST_UNANSWERED) return this.#lost(call, has.error.detail, true);
    this.#unsure.set(
      call.id,
      this.#parts.clock.after(ASK_AGAIN_MS, () => void this.#ask(call, time + 1)),
    );
  }

  #ended(callId: string): void {
    this.#unsure.get(callId)?.();
    this.#unsure.delete(callId);
  }

  /** The call is over. */
  release(call: Call): void {
    this.#ended(call.id);
    if (call.desk !== null) void this.#parts.media.release({ relay: call.desk.relay, callId: call.id });
  }

  #lost({ id: callId }: Call, detail: string, inUse: boolean): void {
    const { telemetry, post } = this.#parts;
    telemetry.emergency.desk("relay-lost");
    telemetry.log("error", "the media relay of an emergency call failed; the call goes on without", { callId, detail });
    post(callId, { event: { kind: "relay-lost", inUse }, otherwise: () => undefined });
  }

  async #relayFor(callId: string, relays: readonly string[]): Promise<string | null> {
    const { clock, media } = this.#parts;
    const first = Math.floor(spread(callId, "relay") * relays.length);
    const inTurn = [...relays.slice(first), ...relays.slice(0, first)];
    const asked = inTurn.filter((relay) => (this.#silent.get(relay) ?? 0) <= clock.now()).slice(0, MOST_ASKED);
    for (const relay of asked) {
      if (await media.answers(relay, RELAY_ANSWER_MS)) return relay;
      this.#silent.set(relay, clock.now() + LEFT_ALONE_MS);
    }
    return null;
  }
}

function describes({ kind, status }: SipMessage): boolean {
  return kind === "request" || (status > 100 && status < 300);
}

/** RFC 3264 with RFC 6337 §2: a response answers the offer of its request, or makes one where that had none; an ACK only ever answers. */
function roleOf(message: SipMessage, request: SipMessage | undefined): "offer" | "answer" {
  if (message.kind === "request") return message.method === "ACK" ? "answer" : "offer";
  return request !== undefined && findBody(request, SDP_TYPE) === undefined ? "offer" : "answer";
}
