export { buildRequest, buildResponse, responseTo } from "./build-message.ts";
export type { RequestParts, ResponseOptions, ResponseParts } from "./build-message.ts";
export { withBody, withHeaders, withUri } from "./edit-message.ts";
export type { HeaderEdit } from "./edit-message.ts";
export { formatMessage } from "./format-message.ts";
export { canonicalHeaderName } from "./header-name.ts";
export type { HeaderLine, SipMessage } from "./message.ts";
export { unicodeOf } from "./octet-text.ts";
export type { ParseFailure, ParseFailureReason } from "./parse-failure.ts";
export { latin1Text, parseDatagram, parseMessage } from "./parse-message.ts";
export type { ParseOptions } from "./header-scan.ts";
export { reasonPhrase } from "./reason-phrase.ts";
export { err, ok } from "./result.ts";
export type { Result } from "./result.ts";
export { equalUris } from "./address/compare-uri.ts";
export { canonicalEscapes, decodeEscapes, encodeEscapes } from "./address/escape.ts";
export { canonicalHost, expandIpv6 } from "./address/host.ts";
export { formatNameAddr, headerAddresses, parseNameAddr } from "./address/name-addr.ts";
export type { NameAddr } from "./address/name-addr.ts";
export { formatUri, parseSipUri, parseUri, telDigits, uriHeader, uriTransport, userParts } from "./address/uri.ts";
export type { OtherUri, SipUri, TelUri, Uri, UrnUri } from "./address/uri.ts";
export {
  addBody,
  bodyLeaves,
  findBody,
  findBodyById,
  formatMultipart,
  freeBoundary,
  partOfLeaf,
} from "./body/message-body.ts";
export { replaceBody, withOnlyBody } from "./body/message-body.ts";
export type { BodyLeaf, NewPart } from "./body/message-body.ts";
export { BodyPart, parseMultipart } from "./body/multipart.ts";
export type { Multipart } from "./body/multipart.ts";
export { endingOf, inDialogRequest, peerFromResponse } from "./dialog/in-dialog-request.ts";
export type { DialogPeer, DialogRequestParts } from "./dialog/in-dialog-request.ts";
export { isHold, mediaAddress, mediaCodecs, mediaDirection } from "./sdp/media.ts";
export type { Codec, MediaDirection } from "./sdp/media.ts";
export { sameSession, sdpOrigin, withOrigin } from "./sdp/origin.ts";
export type { OriginChange, SdpOrigin } from "./sdp/origin.ts";
export { formatSdp, makeSdpLine, parseSdp } from "./sdp/sdp.ts";
export type { Sdp, SdpLine, SdpMedia } from "./sdp/sdp.ts";
export { formatReplaces, parseReplaces } from "./values/dialog-reference.ts";
export type { DialogReference } from "./values/dialog-reference.ts";
export { parseEvent } from "./values/event.ts";
export type { EventPackage } from "./values/event.ts";
export { headerLocations } from "./values/geolocation.ts";
export type { LocationReference } from "./values/geolocation.ts";
export { firstOfList, hasToken, headerValues, splitList } from "./values/list.ts";
export { parseMediaType } from "./values/media-type.ts";
export type { MediaType } from "./values/media-type.ts";
export { formatParameters, getParameter, hasParameter, parseParameters, withParameter } from "./values/parameters.ts";
export type { Parameter, ParameterList } from "./values/parameters.ts";
export { quote, unquote } from "./values/quoted-string.ts";
export { headerReasons, parseReason } from "./values/reason.ts";
export type { Reason } from "./values/reason.ts";
export { parseCSeq, parseMaxForwards, parseRAck, parseRSeq } from "./values/sequence.ts";
export type { CSeq, RAck } from "./values/sequence.ts";
export { parseMinSe, parseSessionExpires } from "./values/session-timer.ts";
export type { SessionExpires } from "./values/session-timer.ts";
export { readParameter, readTag } from "./values/tag.ts";
export { formatVia, parseVia, topVia } from "./values/via.ts";
export type { Via } from "./values/via.ts";
export { mendRequest } from "./mend-request.ts";
export { isGraveFault, validateRequest, validateResponse } from "./validate-message.ts";
export type { MessageFault } from "./validate-message.ts";
export {
  clientTransactionKey,
  DEFAULT_TIMERS,
  NOT_CANCELLED,
  requestFacts,
  requestKey,
  serverTransactionKey,
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
  transactionFacts,
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
  RequestFacts,
  StartTimer,
  StatusInput,
  Step,
  StopTimer,
  TimerInput,
  TimerName,
  TimerSettings,
  TransactionFacts,
  TransactionSettings,
  TransportErrorInput,
} from "./transactions/index.ts";
export { isLetOffForm, looksLikeEmergency } from "./emergency-look.ts";
