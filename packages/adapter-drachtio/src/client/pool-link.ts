import type { EdgeAccess } from "../edge-access.ts";
import type { StrandedInvite } from "./served-requests.ts";

/** One open connection of a pool: to an edge of ours, or to a stock drachtio-server. */
export interface PoolLink extends EdgeAccess {
  /** Listeners as configured, `name:transport:port` each; null when the server does not say. */
  readonly listeners: readonly string[] | null;
  /** False when the server says it belongs to another pool. */
  readonly servesConfiguredPool: boolean;
  /** The server holds the dialog, or the INVITE that may make one, of this Call-ID. Of an edge of ours never: it holds no dialogs. */
  holds(callId: string): boolean;
  /** One frame from the server. */
  receive(payload: string): void;
  /** Names the server's process, of which a later one at the same address differs; empty when it does not say. */
  readonly instance: string;
  /** The connection is gone: every transaction and every reply under way fails. @returns the INVITEs that the server can perhaps not answer any more */
  lose(): readonly StrandedInvite[];
}
