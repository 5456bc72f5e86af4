import { parseSipUri, type SipMessage } from "@tandem/sip";
import type { SipAppFrame } from "../wire/app-frame.ts";
import { formatBriefReply } from "../wire/edge-frame.ts";
import type { AppSession } from "./app-session.ts";
import type { EdgeContext } from "./edge-context.ts";
import type { IncomingRequests } from "./incoming-requests.ts";
import type { Answered } from "./offer.ts";
import { refusalText } from "./refusal-text.ts";
import type { StockResponses } from "./stock/stock-responses.ts";

interface FramedAnswersParts {
  readonly incoming: IncomingRequests;
  readonly stock: StockResponses;
}

/** What applications say in frames about requests from the network: their responses, and INVITEs of another edge to go on with. Every frame gets its reply. */
export class FramedAnswers {
  readonly #context: EdgeContext;
  readonly #parts: FramedAnswersParts;

  constructor(context: EdgeContext, parts: FramedAnswersParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** A response that came in a frame. */
  respond(session: AppSession, frame: SipAppFrame, message: SipMessage): void {
    const answered = this.#parts.incoming.answer(session, frame.transactionId, message);
    if (answered.ok) return this.#confirm(session, frame, answered);
    const { reason, detail } = answered;
    if (reason === "incomplete") return session.reply(frame.id, `NOK|${detail}`);
    session.reply(frame.id, `NOK|${session.octets ? `${reason}: ${detail}` : refusalText(reason, detail)}`);
  }

  /** A frame that asks for `adopt`; its next hop tells where the INVITE came from. */
  adopt(session: AppSession, { id, nextHop, listener }: SipAppFrame, invite: SipMessage): void {
    const from = parseSipUri(nextHop);
    const address = from?.host.replace(/^\[|\]$/g, "") ?? "";
    const adopted = this.#parts.incoming.adopt(session, invite, { listener, address, port: from?.port ?? 5060 });
    if (adopted === null) return session.reply(id, "NOK|not-adopted: it cannot be answered from here");
    session.send(formatBriefReply(this.#context.tokens.next(), id, adopted));
  }

  #confirm(session: AppSession, frame: SipAppFrame, { offer, sent }: Extract<Answered, { ok: true }>): void {
    const id = this.#context.tokens.next();
    if (session.octets) return session.send(formatBriefReply(id, frame.id, offer.transaction.id));
    session.send(this.#parts.stock.reply({ id, to: frame.id, offer, sent }));
  }
}
