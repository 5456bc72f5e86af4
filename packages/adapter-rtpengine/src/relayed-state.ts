import type { RelayedState } from "@tandem/call-control";
import type { NgDictionary } from "./ng-client.ts";

/** Participants in rtpengine's answer to `query`: whom each is subscribed to, and the packets its first stream brought. What is not as it should be is nothing. */
export function stateIn(answer: NgDictionary): RelayedState {
  const participants = Object.entries(dictionary(answer["tags"])).map(([name, told]) => {
    const { subscriptions, medias } = dictionary(told);
    const hears = list(subscriptions).flatMap((subscription) => {
      const { tag } = dictionary(subscription);
      return typeof tag === "string" ? [tag] : [];
    });
    const { packets } = dictionary(first(first(medias, "streams"), "stats"));
    return [name, { hears, packets: typeof packets === "number" ? packets : 0 }] as const;
  });
  return new Map(participants);
}

/** The first of a list, or what it says under a name. */
function first(value: unknown, name?: string): unknown {
  const found = Array.isArray(value) ? (value[0] as unknown) : value;
  return name === undefined ? found : dictionary(found)[name];
}

function dictionary(value: unknown): NgDictionary {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as NgDictionary) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
