import { formatMessage, hasToken, responseTo, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { SentMessage } from "@tandem/sip-endpoint";
import { formatResponseSent } from "../../wire/edge-frame.ts";
import type { Application } from "../application.ts";
import { dialogId, toTag } from "../dialog-id.ts";
import type { EdgeContext } from "../edge-context.ts";
import type { Offer } from "../offer.ts";
import { stackTime } from "../stack-time.ts";
import { ownContact, withOwnHost } from "./own-address.ts";
import type { StockDialogs } from "./stock-dialogs.ts";
import { inferContentType, keptHeaders, lineValue } from "./stock-headers.ts";

/** Requests whose 2xx carries our Contact (RFC 3261 table 2, RFC 3311, RFC 6665, RFC 3515). */
const CONTACT_METHODS = ["INVITE", "SUBSCRIBE", "UPDATE", "NOTIFY", "REFER"];
/** Requests whose response makes a dialog. */
const DIALOG_METHODS = ["INVITE", "SUBSCRIBE"];

/**
 * Responses of applications without the tag `octets`: they give status, reason, body and their own headers; From, To with tag, Call-ID, CSeq,
 * Record-Route, Contact, RSeq and Content-Type are the server's part.
 */
export class StockResponses {
  readonly #context: EdgeContext;
  readonly #dialogs: StockDialogs;
  #lastRSeq = 0;

  constructor(context: EdgeContext, dialogs: StockDialogs) {
    this.#context = context;
    this.#dialogs = dialogs;
  }

  /** The response as it goes out, or the `NOK` text. */
  complete(offer: Offer, given: SipMessage): SipMessage | string {
    const request = offer.received.message;
    const lines = keptHeaders(given, true);
    if (!inferContentType(lines, given.body)) return "missing content-type";
    const reliable = given.status < 200 && hasToken(given, "Require", "100rel");
    if (reliable && !supportsReliable(request)) return "Remote endpoint does not support 100rel";
    const own: HeaderLine[] = [];
    if (reliable) own.push(["RSeq", String(this.#nextRSeq())]);
    const needsContact =
      given.status >= 200 ? given.status < 300 && CONTACT_METHODS.includes(request.method) : reliable;
    const contact = lineValue(lines, "Contact");
    if (contact === undefined && needsContact) own.push(["Contact", ownContact(offer.received.source.listener)]);
    return responseTo(request, given.status, {
      reason: given.reason,
      toTag: this.#localTag(offer, given),
      headers: [...lines.map((line) => this.#located(line, offer)), ...own],
      body: given.body,
    });
  }

  /** The completed response went out: it may have made or ended a dialog. */
  sent(offer: Offer, session: Application, response: SipMessage): void {
    const { transaction, received, dialogTag } = offer;
    if (dialogTag !== undefined) return this.#sentInDialog(offer, session, response);
    if (!DIALOG_METHODS.includes(transaction.method) || response.status <= 100) return;
    const localTag = toTag(response) ?? "";
    if (response.status >= 300) return this.#dialogs.remove(dialogId(transaction.callId, localTag));
    const confirmed = response.status >= 200;
    const contact = response.get("Contact") ?? ownContact(received.source.listener);
    this.#dialogs.answered({ request: received, localTag, session, contact, confirmed });
  }

  /** The reply that echoes the response; a 100, which the endpoint has sent by itself, is echoed as if it were the application's. */
  reply(parts: {
    readonly id: string;
    readonly to: string;
    readonly offer: Offer;
    readonly sent: SentMessage | null;
  }): string {
    const { offer, sent } = parts;
    const { transaction, received, dialogTag, localTag } = offer;
    const tag = dialogTag ?? (DIALOG_METHODS.includes(transaction.method) ? localTag : "");
    const text = sent?.text ?? formatMessage(responseTo(received.message, 100));
    return formatResponseSent(parts.id, parts.to, {
      bytes: text.length,
      transport: sent?.transport ?? received.source.transport,
      address: sent?.address ?? received.source.address,
      port: sent?.port ?? received.source.port,
      time: stackTime(sent?.atMs ?? this.#context.clock.now()),
      transactionId: transaction.id,
      dialogId: tag === "" ? "" : dialogId(transaction.callId, tag),
      text,
    });
  }

  #sentInDialog(offer: Offer, session: Application, response: SipMessage): void {
    const id = dialogId(offer.transaction.callId, offer.dialogTag ?? "");
    if (response.status < 200) return;
    const dialog = this.#dialogs.find(id);
    if (dialog !== undefined) dialog.session = session;
    if (offer.transaction.method === "BYE") this.#dialogs.remove(id);
  }

  /** Our To tag: set by the application's first response that names one, else made here; the same in all responses of the transaction. */
  #localTag(offer: Offer, given: SipMessage): string {
    if (offer.localTag === "") offer.localTag = toTag(given) ?? this.#context.tokens.next();
    return offer.localTag;
  }

  #located(line: HeaderLine, offer: Offer): HeaderLine {
    const [name, value] = line;
    const lower = name.toLowerCase();
    if (lower === "contact" || lower === "m") {
      // A redirection's Contact names others; every other one names us.
      return [name, withOwnHost(value, offer.received.source.listener, false)];
    }
    return lower === "p-asserted-identity" ? [name, withOwnHost(value, offer.received.source.listener, false)] : line;
  }

  #nextRSeq(): number {
    this.#lastRSeq = (this.#lastRSeq % 0x7fff_ffff) + 1;
    return this.#lastRSeq;
  }
}

function supportsReliable(request: SipMessage): boolean {
  return hasToken(request, "Supported", "100rel") || hasToken(request, "Require", "100rel");
}
