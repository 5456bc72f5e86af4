/** Looks in a row that lack it before a primary counts as away. A reconnection, or a command that takes long, is no absence. */
export const MISSED_LOOKS = 3;
/** The same while nobody has answered yet: names are looked up and connections made, which is no absence. */
export const CONNECTING_LOOKS = 20;

/** What is known of one primary. Told in looks, not in time: of a pause of this process itself the first look afterwards says next to nothing. */
export interface SignsOfLife {
  /** What became of the question asked last: answered (or none was asked), not yet answered, or failed. */
  readonly question: "answered" | "open" | "failed";
  /** Looks in a row that lacked an answer; below 0 before the first one. */
  readonly missed: number;
}

export const unasked: SignsOfLife = { question: "answered", missed: 0 };

/** Of a process that has just begun. */
export const connecting: SignsOfLife = { question: "failed", missed: MISSED_LOOKS - CONNECTING_LOOKS };

/** Time to look. A question that is open is not asked twice: its answer will say all there is to say. */
export function looked({ question, missed }: SignsOfLife): { readonly signs: SignsOfLife; readonly ask: boolean } {
  const stillMissed = question === "answered" ? 0 : missed + 1;
  return { signs: { question: "open", missed: stillMissed }, ask: question !== "open" };
}

/** The question has come to an end. One answer and the primary is back. */
export function heard({ missed }: SignsOfLife, isAnswer: boolean): SignsOfLife {
  return isAnswer ? unasked : { question: "failed", missed };
}

/** True when nobody in a hurry should wait for it. */
export function isAway({ missed }: SignsOfLife): boolean {
  return missed >= MISSED_LOOKS;
}
