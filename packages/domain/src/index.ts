export { err, ok, type Result } from "./lang/result.ts";
export type { Steps } from "./lang/steps.ts";
export { assertNever } from "./lang/assert-never.ts";
export type { Failure } from "./failure/failure.ts";
export { faultOf } from "./failure/fault.ts";
export {
  failureCatalogue,
  failureCodes,
  failureEntry,
  isFailureCode,
  outcomeOf,
  type FailureCode,
} from "./failure/catalogue.ts";
export { outcomes, type FailureEntry, type FailureVerdict, type Outcome } from "./failure/failure-entry.ts";
export { causeFromSipStatus, sipStatusFromCause } from "./failure/q850.ts";
export { classifySipFailure } from "./failure/classify-sip-failure.ts";
export { mayTryNextTrunk, treatedStatus, type FailoverRules, type FinalResponse } from "./trunks/next-trunk.ts";
export {
  nextLookMs,
  nextTrunkHealth,
  unknownHealth,
  type TrunkEvidence,
  type TrunkHealthRecord,
  type TrunkHealthState,
} from "./trunks/trunk-health.ts";
export { ordinaryLimits } from "./routing/consider-trunk.ts";
export { compilePattern, maxNumberLength, patternGroups, patternMatches, type Pattern } from "./numbering/pattern.ts";
export { applyNumberRules, compileNumberRule, type CompiledRule, type RuleResult } from "./numbering/number-rule.ts";
export { normaliseNumber, type CompiledDialPlan } from "./numbering/dial-plan.ts";
export { dialledNumber, isDiallable } from "./numbering/dialled-number.ts";
export { decide } from "./routing/decide.ts";
export { quietView, type LiveView } from "./routing/live-view.ts";
export { attemptPlans, legProfile, strangerProfile, type Stranger } from "./routing/attempt-plan.ts";
export {
  identifyIngress,
  indexSources,
  isGatewayOf,
  type Arrival,
  type SourceIndex,
} from "./routing/identify-ingress.ts";
export { parseIpAddress, parseIpBlock, type IpAddress, type IpBlock } from "./routing/ip-address.ts";
export {
  classifyEmergency,
  classifyEmergencyNumber,
  indexEmergencyNumbers,
  type EmergencyClass,
  type EmergencyIndex,
} from "./emergency/classify-emergency.ts";
export { routingOf, screenedFirst } from "./emergency/screened-first.ts";
export { emergencyEgress, type EmergencyEgress } from "./emergency/egress.ts";
export {
  blankPreparation,
  emergencyFacts,
  type EmergencyFacts,
  type EmergencyPlace,
  type EmergencyPreparation,
  type EmergencyTransfer,
  type LocationFacts,
} from "./emergency/preparation.ts";
export { civicAddress, civicFields, type CivicAddress, type CivicField } from "./emergency/location/civic-address.ts";
export { composeEmergencyInvite } from "./emergency/invite/compose-invite.ts";
export { dressAttempts } from "./emergency/invite/dress-attempts.ts";
export type { EmergencyInviteParts } from "./emergency/invite/invite-parts.ts";
export { composePidf, type PidfParts, type ProviderConference } from "./emergency/location/compose-pidf.ts";
export { conveyedLocation, type ConveyedLocation } from "./emergency/location/conveyed-location.ts";
export { locationRouting, type LocationRouting } from "./emergency/location/location-method.ts";
export type { PidfLocation, PidfReader } from "./emergency/location/pidf-location.ts";
export { xmlElement, xmlText } from "./emergency/location/xml-text.ts";
export { canonicalMac, lisKey, parseLisKey, type LisKey, type LisKind } from "./emergency/lis/lis-key.ts";
export { locateQuery } from "./emergency/lis/network-hints.ts";
export { callIdentifiers } from "./emergency/call-identifiers.ts";
export { lisCandidates, type LocateQuery } from "./emergency/lis/locate-query.ts";
export {
  canonicalElin,
  checkLisRow,
  elinsOfName,
  parseLisRow,
  serialiseLisRow,
  type LisRow,
  type LisRowIssue,
} from "./emergency/lis/lis-row.ts";
export { listenerDifferences } from "./topology/listener-differences.ts";
export { compileInSteps, compileSnapshot } from "./topology/compile-snapshot.ts";
export { checkTopology } from "./topology/check-topology.ts";
export { listenerKey, type CompiledTrunk, type PoolListener, type Snapshot } from "./topology/snapshot.ts";
export { isAcceptable, type TopologyIssue } from "./topology/topology-issue.ts";
export {
  defaultFailoverCodes,
  defaultProbe,
  defaultSessionTimer,
  defaultTrunkSettings,
} from "./topology/trunk-defaults.ts";
export {
  defaultEmergencyPlan,
  defaultLocationPolicy,
  defaultServiceDescription,
  defaultTrunkEmergency,
  usualEmergencyNumbers,
} from "./topology/emergency-defaults.ts";
export type * from "./topology/emergency-plan.ts";
export type * from "./topology/topology.ts";
export type * from "./routing/decision.ts";
export type * from "./call/event.ts";
export type { AlarmCause } from "./call/alarm.ts";
export type * from "./call/effect.ts";
export { invitedUri } from "./call/attempt.ts";
export { barePlan, type PlannedNumbers } from "./call/bare-plan.ts";
export type * from "./call/leg-profile.ts";
export type * from "./call/call.ts";
export type * from "./call/exchange.ts";
export type * from "./call/facts.ts";
export type * from "./call/hunt.ts";
export type * from "./call/party.ts";
export { isLastBye, lastByes } from "./call/last-byes.ts";
export { knowsAnswer } from "./call/orphan-answer.ts";
export { isSentSince, isTakenOver } from "./call/taken-over.ts";
export { awaitsCaller } from "./call/awaits-caller.ts";
export { awaitedInvite, type ArrivalPlace, type AwaitedInvite } from "./call/caller-arrival.ts";
export { abandonedCall } from "./call/abandoned-call.ts";
export { detailRecords, type AttemptDetailRecord, type CallDetailRecord } from "./call/cdr.ts";
export { parseOurTag, sipCallIdOf, tagOf, type DialogId, type OurTag, type PartyId } from "./call/identity.ts";
export { addressesOf, callAddresses, contactOn, type AddressedRequest } from "./call/headers/addresses.ts";
export { hostsOfSender } from "./call/headers/hidden-hosts.ts";
export { unknownOptions } from "./call/headers/options.ts";
export { passingHeaders, type Way } from "./call/headers/passing.ts";
export { ladder, type LadderEntry } from "./call/ladder.ts";
export { newCall } from "./call/new-call.ts";
export { callDeadline, essentialDeadline } from "./call/deadlines.ts";
export { occupiedTrunks } from "./call/occupied-trunks.ts";
export { parseCall, serialiseCall } from "./call/record.ts";
export { mediaWay, talkers, type MediaWay } from "./call/relayed-media.ts";
export { deskCallId, type DeskLink } from "./call/security-desk.ts";
export type { DeskOutcome, DeskStep } from "./call/desk-step.ts";
export { JUNCTION_POOL, junctionPlan, junctionProfile } from "./call/junction.ts";
export { replacedCall } from "./call/replaces.ts";
export { transition, type Step } from "./call/transition.ts";
export { spread } from "./trunks/spread.ts";
export { callbackPlans, type CalledBack } from "./routing/callback-plans.ts";
export { emergencyCaller, emergencyPart } from "./call/emergency-transfer.ts";
export { emergencyRecord, type EmergencyAttempt, type EmergencyDetailRecord } from "./call/emergency-record.ts";
export { emergencyPaths, type EmergencyPathPlan } from "./emergency/emergency-paths.ts";
export { callbackKey } from "./emergency/callback-key.ts";
export { parseNotice, type KeptNotice } from "./emergency/kept-notice.ts";
export { noticeFields, noticeSubject, noticeText, type EmergencyNotice } from "./emergency/notice.ts";
