import type { SipMessage } from "@tandem/sip";
import type { OutgoingRequest } from "@tandem/sip-endpoint";
import type { SipAppFrame } from "../wire/app-frame.ts";
import { formatBriefReply, formatRequestSent } from "../wire/edge-frame.ts";
import type { AppSession } from "./app-session.ts";
import type { EdgeContext } from "./edge-context.ts";
import { EchoedCall, FramedCall } from "./outgoing-call.ts";
import { withMaxForwards, type OutgoingRequests } from "./outgoing-requests.ts";
import { refusalText } from "./refusal-text.ts";
import { cancelEcho, sentEcho } from "./stock/request-echo.ts";
import { keptHeaders } from "./stock/stock-headers.ts";
import type { StockRequests } from "./stock/stock-requests.ts";

export interface FramedRequestsParts {
  readonly outgoing: OutgoingRequests;
  readonly stock: StockRequests;
}

/** What applications ask in frames to be sent: requests, ACKs, CANCELs. Every frame gets its reply. */
export class FramedRequests {
  readonly #context: EdgeContext;
  readonly #parts: FramedRequestsParts;

  constructor(context: EdgeContext, parts: FramedRequestsParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Sends what the frame of an application asks for. */
  send(session: AppSession, frame: SipAppFrame, message: SipMessage): void {
    // With a sent-by it is the CANCEL of another edge's INVITE, and here a request like any other.
    const isOfAnother = session.octets && frame.sentBy !== "";
    if (message.method === "CANCEL" && !isOfAnother) return this.#cancel(session, frame, message);
    if (!session.octets) return this.#sendStock(session, frame, message);
    const { outgoing } = this.#parts;
    const request = withMaxForwards(message);
    const listener = frame.listener === "" ? null : frame.listener;
    const nextHop = frame.nextHop === "" ? null : frame.nextHop;
    if (message.method === "ACK") return void this.#sendAck(session, frame.id, { message: request, listener, nextHop });
    const call = new FramedCall(outgoing, session, { request, listener, branch: frame.branch });
    const id = outgoing.start(call, { nextHop, timeoutMs: frame.timeoutMs, sentBy: frame.sentBy });
    session.send(formatBriefReply(this.#context.tokens.next(), frame.id, id));
  }

  #sendStock(session: AppSession, frame: SipAppFrame, message: SipMessage): void {
    const { outgoing, stock } = this.#parts;
    const prepared = stock.prepare(frame, message);
    if (!prepared.ok) return session.reply(frame.id, `NOK|${prepared.error}`);
    const { message: request, nextHop, dialog } = prepared.value;
    const listener = prepared.value.listener.name;
    if (request.method === "ACK") return void this.#sendAck(session, frame.id, { message: request, listener, nextHop });
    const call = new EchoedCall(outgoing, session, { request, listener, branch: "", frameId: frame.id, dialog });
    outgoing.start(call, { nextHop, timeoutMs: null, sentBy: "" });
  }

  async #sendAck(session: AppSession, frameId: string, ack: OutgoingRequest): Promise<void> {
    const sent = await this.#parts.outgoing.acknowledge(ack);
    const { tokens } = this.#context;
    const transactionId = tokens.next();
    if (!sent.ok) {
      const { reason, detail } = sent.error;
      return session.reply(frameId, `NOK|${session.octets ? `${reason}: ${detail}` : refusalText(reason, detail)}`);
    }
    if (session.octets) return session.send(formatBriefReply(tokens.next(), frameId, transactionId));
    session.send(formatRequestSent(tokens.next(), frameId, { ...sentEcho(sent.value), transactionId }));
  }

  #cancel(session: AppSession, frame: SipAppFrame, message: SipMessage): void {
    const headers = keptHeaders(message, true);
    const invite = this.#parts.outgoing.cancel(frame.transactionId, headers);
    if (invite === undefined) {
      const stockText = `unable to cancel unknown transaction id: ${frame.transactionId}`;
      return session.reply(frame.id, `NOK|${session.octets ? "transaction-over: no such INVITE" : stockText}`);
    }
    const { tokens, clock } = this.#context;
    if (session.octets) return session.send(formatBriefReply(tokens.next(), frame.id, frame.transactionId));
    const echo = cancelEcho(invite, headers, clock.now());
    session.send(formatRequestSent(tokens.next(), frame.id, { ...echo, transactionId: tokens.next() }));
  }
}
