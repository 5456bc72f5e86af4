import type { TracedMessage } from "@tandem/sip-endpoint";

/** Where copies of SIP messages go. */
export interface MessageCapture {
  /** Must return at once. */
  take(message: TracedMessage): void;
  counts(): { readonly sent: number; readonly dropped: number };
}
