import { parseSipUri, readTag, responseTo, topVia, type HeaderLine, type SipMessage } from "@tandem/sip";
import { PoolAddresses } from "../survival/pool-addresses.ts";
import { SipAgent, type ArrivedRequest } from "../survival/sip-agent.ts";
import { session, SDP } from "./scripted-call.ts";

interface Leg {
  readonly number: string;
  readonly invite: ArrivedRequest;
  state: "ringing" | "answered" | "over";
}

/** A called side by the book that rings until it is told to answer: it repeats its answers, and refuses what is merged (RFC 3261 §8.2.2.2). */
export class RingingPhone {
  readonly #agent: SipAgent;
  readonly #legs = new Map<string, Leg>();
  #answers = false;

  private constructor(agent: SipAgent) {
    this.#agent = agent;
    agent.onRequest = (request) => this.#take(request);
  }

  static async open(): Promise<RingingPhone> {
    return new RingingPhone(await SipAgent.open(new PoolAddresses("", [])));
  }

  get port(): number {
    return this.#agent.port;
  }

  /** Call-IDs by which the number rang, in order. */
  rung(number: string): readonly string[] {
    return [...this.#legs].filter(([, leg]) => leg.number === number).map(([callId]) => callId);
  }

  /** How many legs of that number ring now. */
  stillRinging(number: string): number {
    return [...this.#legs.values()].filter((leg) => leg.number === number && leg.state === "ringing").length;
  }

  /** Nobody rings or talks any more. */
  get quiet(): boolean {
    return [...this.#legs.values()].every(({ state }) => state === "over");
  }

  /** Answers whatever rings, and from now on whatever comes. */
  answerAll(): void {
    this.#answers = true;
    for (const leg of this.#legs.values()) this.#answer(leg);
  }

  /** Rings only, as at the start, and knows of no call. */
  startAgain(): void {
    this.#answers = false;
    this.#legs.clear();
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  #take(request: ArrivedRequest): void {
    const { message, answer } = request;
    const leg = this.#legs.get(message.get("Call-ID") ?? "");
    if (message.method === "INVITE" && readTag(message.get("To") ?? "") === undefined) this.#ring(request, leg);
    else if (message.method === "CANCEL") this.#cancelled(request, leg);
    else if (message.method === "BYE") {
      if (leg !== undefined) leg.state = "over";
      answer(responseTo(message, leg === undefined ? 481 : 200));
    } else if (message.method !== "ACK") answer(responseTo(message, 200, { toTag: "phone" }));
  }

  #ring(request: ArrivedRequest, known: Leg | undefined): void {
    const { message, answer } = request;
    if (known !== undefined) return answer(responseTo(message, 482, { toTag: "merged" }));
    const leg: Leg = { number: parseSipUri(message.uri)?.user ?? "", invite: request, state: "ringing" };
    this.#legs.set(message.get("Call-ID") ?? "", leg);
    answer(responseTo(message, 180, { toTag: "phone", headers: [this.#contact] }));
    if (this.#answers) this.#answer(leg);
  }

  #answer(leg: Leg): void {
    if (leg.state !== "ringing") return;
    leg.state = "answered";
    const { message, answer } = leg.invite;
    answer(responseTo(message, 200, { toTag: "phone", headers: [this.#contact, SDP], body: session(2) }));
  }

  #cancelled({ message, answer }: ArrivedRequest, leg: Leg | undefined): void {
    const isKnown = leg !== undefined && isOfSameRequest(message, leg.invite.message);
    answer(responseTo(message, isKnown ? 200 : 481, { toTag: "phone" }));
    if (!isKnown || leg.state !== "ringing") return;
    leg.state = "over";
    leg.invite.answer(responseTo(leg.invite.message, 487, { toTag: "phone" }));
  }

  get #contact(): HeaderLine {
    return ["Contact", `<sip:phone@${this.#agent.hostport}>`];
  }
}

/** RFC 3261 §9.2, §17.2.3. */
function isOfSameRequest(one: SipMessage, other: SipMessage): boolean {
  const [first, second] = [topVia(one), topVia(other)];
  return first?.branch === second?.branch && first?.host === second?.host && first?.port === second?.port;
}
