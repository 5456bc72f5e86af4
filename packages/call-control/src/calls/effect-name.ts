import type { Effect } from "@tandem/domain";

/**
 * What an effect is about, without its content: two effects of one event with the same name are the same deed. Tells, when an event is run again on a newer
 * record, which of its effects are done already.
 */
export function effectName(effect: Effect): string {
  switch (effect.kind) {
    case "send":
      return `send ${effect.leg} ${effect.request.method}`;
    case "respond":
      return `respond ${effect.transaction} ${effect.response.status}`;
    case "acknowledged":
    case "moved":
      return `${effect.kind} ${effect.transaction}`;
    case "cancel":
      return `cancel ${effect.exchange}`;
    case "start-timer":
    case "stop-timer":
      return `${effect.kind} ${effect.timer}`;
    case "reserve":
    case "seize":
    case "release":
      return `${effect.kind} ${effect.trunk}`;
    case "observe":
      return `observe ${effect.observation.kind}`;
    default:
      return effect.kind;
  }
}
