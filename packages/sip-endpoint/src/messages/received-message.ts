import { formatMessage, type SipMessage } from "@tandem/sip";
import type { ReceivedMessage } from "../endpoint.ts";
import type { Arrival } from "../transport/arrival.ts";

/** A message with where it came from; its text is put together when first asked for. */
export class Received implements ReceivedMessage {
  readonly message: SipMessage;
  readonly source: Arrival;
  readonly atMs: number;
  private cachedText: string | undefined = undefined;

  constructor(message: SipMessage, source: Arrival, atMs: number) {
    this.message = message;
    this.source = source;
    this.atMs = atMs;
  }

  get text(): string {
    this.cachedText ??= formatMessage(this.message);
    return this.cachedText;
  }
}
