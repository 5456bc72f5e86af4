export { buildRequest, buildResponse, responseTo } from "./build-message.ts";
export type { RequestParts, ResponseOptions, ResponseParts } from "./build-message.ts";
export { withBody, withHeaders, withUri } from "./edit-message.ts";
export type { HeaderEdit } from "./edit-message.ts";
export { formatMessage } from "./format-message.ts";
export { canonicalHeaderName } from "./header-name.ts";
export type { HeaderLine, SipMessage } from "./message.ts";
export type { ParseFailure, ParseFailureReason } from "./parse-failure.ts";
export { latin1Text, parseDatagram, parseMessage } from "./parse-message.ts";
export type { ParseOptions } from "./parse-message.ts";
export { reasonPhrase } from "./reason-phrase.ts";
export { err, ok } from "./result.ts";
export type { Result } from "./result.ts";
export { readTag } from "./tag.ts";
export {
  DEFAULT_TIMERS,
  NOT_CANCELLED,
  startAnswer,
  startInviteClient,
  startInviteServer,
  startNonInviteClient,
  startNonInviteServer,
  stepAnswer,
  stepCancellation,
  stepInviteClient,
  stepInviteServer,
  stepNonInviteClient,
  stepNonInviteServer,
  transactionSettings,
} from "./transactions/index.ts";
export type {
  AnswerEffect,
  AnswerInput,
  AnswerState,
  AnswerStep,
  CancellationEffect,
  CancellationInput,
  CancellationState,
  CancellationStep,
  InviteClientEffect,
  InviteClientInput,
  InviteClientState,
  InviteClientStep,
  InviteServerEffect,
  InviteServerInput,
  InviteServerState,
  InviteServerStep,
  NonInviteClientEffect,
  NonInviteClientInput,
  NonInviteClientState,
  NonInviteClientStep,
  NonInviteServerEffect,
  NonInviteServerInput,
  NonInviteServerState,
  NonInviteServerStep,
  StartTimer,
  StatusInput,
  Step,
  StopTimer,
  TimerInput,
  TimerName,
  TimerSettings,
  TransactionSettings,
  TransportErrorInput,
} from "./transactions/index.ts";
