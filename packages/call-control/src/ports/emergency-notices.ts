import type { EmergencyPreparation } from "@tandem/domain";

/** An emergency call that has begun. */
export interface EmergencyNotice {
  readonly callId: string;
  readonly atMs: number;
  readonly pool: string;
  readonly ingressTrunk: string;
  readonly callingNumber: string;
  readonly preparation: EmergencyPreparation;
}

/** Tells people of an emergency call. */
export interface EmergencyNotices {
  /** Takes the notice and returns at once; nothing that happens to it touches the call. */
  announce(notice: EmergencyNotice): void;
}
