import type { SipMessage } from "@tandem/sip";
import type { BoundListener } from "@tandem/sip-endpoint";
import { dialogId, fromTag, toTag } from "../dialog-id.ts";
import type { EchoedCall } from "../outgoing-call.ts";
import type { StockDialogs } from "./stock-dialogs.ts";

/** Requests whose responses belong to a dialog even before there is one. */
const DIALOG_METHODS = ["INVITE", "SUBSCRIBE"];

/** Keeps the dialog table in step with the responses to an application's requests. */
export class StockClientDialogs {
  readonly #dialogs: StockDialogs;
  readonly #listeners: () => readonly BoundListener[];

  constructor(dialogs: StockDialogs, listeners: () => readonly BoundListener[]) {
    this.#dialogs = dialogs;
    this.#listeners = listeners;
  }

  /** A response came; gives the id of the dialog it belongs to, empty for none. */
  responded(call: EchoedCall, response: SipMessage): string {
    const { request, dialog } = call;
    if (dialog !== null) {
      if (response.status >= 200 && response.status < 300) this.#dialogs.refreshed(dialog, request, response);
      if (request.method === "BYE" && response.status >= 200) this.#dialogs.remove(dialog.id);
      return dialog.id;
    }
    const ourTag = fromTag(request);
    if (!DIALOG_METHODS.includes(request.method) || ourTag === undefined) return "";
    const id = dialogId(request.get("Call-ID") ?? "", ourTag);
    if (response.status >= 300) this.#dialogs.remove(id);
    else if (toTag(response) !== undefined) this.#formed(call, response);
    return id;
  }

  #formed(call: EchoedCall, response: SipMessage): void {
    const listener = this.#listeners().find((each) => each.name === call.listener);
    if (listener === undefined) return;
    this.#dialogs.answerReceived({ request: call.request, response, session: call.session, listener });
  }
}
