import type { Call, Failure, TransactionId } from "@tandem/domain";
import type { CallShell } from "./call-shell.ts";
import type { PendingWork } from "./pending-work.ts";
import { withFallback, type BesideCall } from "./unattended.ts";

/** The call an effect belongs to. */
export interface EffectContext {
  readonly call: Call;
  readonly work: PendingWork;
  readonly shell: CallShell;
  /** Server transaction of the request that is being served, if any: its edge has the peer's connection. */
  readonly serving: TransactionId | null;
}

/** What an effect fails with that a bug of ours kept from being done. */
export const FAULT: Failure = { code: "internal-error", detail: "a fault of ours" };

/** What comes of it, or `otherwise` where a bug keeps it from coming. */
export function sure<T>(context: EffectContext, work: Promise<T>, otherwise: NoInfer<T>): Promise<T> {
  return withFallback(work, besideCall(context), () => otherwise);
}

export function besideCall({ call, shell }: EffectContext): BesideCall {
  return { callId: call.id, telemetry: shell.ports.telemetry };
}
