import type { Failure, Result } from "@tandem/domain";
import type { Heard } from "./heard-call.ts";

/** What the inner end of a desk's leg offers, and does with what the desk answers. */
export interface DeskAudio {
  offer(heard: Heard): Promise<Result<string, Failure>>;
  /** The desk's answer to that offer. */
  accept(heard: Heard, answer: string): Promise<Result<void, Failure>>;
  /** The answer to an offer of the desk's (a hold, a refresh with re-INVITE). */
  renegotiate(heard: Heard, offered: string): Promise<Result<string, Failure>>;
  /** The desk has gone, or was never there. */
  end(heard: Heard): void;
}
