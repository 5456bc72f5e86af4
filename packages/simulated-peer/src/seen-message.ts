import type { SipMessage } from "@tandem/sip";

/** A message a simulated peer sent to the cluster or got from it. */
export interface SeenMessage {
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** Name of the simulated gateway. */
  readonly peer: string;
  readonly direction: "to-tandem" | "from-tandem";
  readonly transport: "udp" | "tcp" | "tls";
  readonly message: SipMessage;
}
