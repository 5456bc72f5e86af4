export { startAnswer, stepAnswer } from "./answer.ts";
export type { AnswerEffect, AnswerInput, AnswerState, AnswerStep } from "./answer.ts";
export { NOT_CANCELLED, stepCancellation } from "./cancellation.ts";
export type { CancellationEffect, CancellationInput, CancellationState, CancellationStep } from "./cancellation.ts";
export { startInviteClient, stepInviteClient } from "./invite-client.ts";
export type { InviteClientEffect, InviteClientInput, InviteClientState, InviteClientStep } from "./invite-client.ts";
export { startInviteServer, stepInviteServer } from "./invite-server.ts";
export type { InviteServerEffect, InviteServerInput, InviteServerState, InviteServerStep } from "./invite-server.ts";
export { startNonInviteClient, stepNonInviteClient } from "./non-invite-client.ts";
export type {
  NonInviteClientEffect,
  NonInviteClientInput,
  NonInviteClientState,
  NonInviteClientStep,
} from "./non-invite-client.ts";
export { startNonInviteServer, stepNonInviteServer } from "./non-invite-server.ts";
export type {
  NonInviteServerEffect,
  NonInviteServerInput,
  NonInviteServerState,
  NonInviteServerStep,
} from "./non-invite-server.ts";
export type { StartTimer, StatusInput, Step, StopTimer, TimerInput, TransportErrorInput } from "./step.ts";
export { DEFAULT_TIMERS, transactionSettings } from "./timers.ts";
export type { TimerName, TimerSettings, TransactionSettings } from "./timers.ts";
export {
  clientTransactionKey,
  requestFacts,
  requestKey,
  serverTransactionKey,
  transactionFacts,
} from "./transaction-key.ts";
export type { RequestFacts, TransactionFacts } from "./transaction-key.ts";
