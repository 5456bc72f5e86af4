const MOST_TRIES = 3;

/**
 * What `attempt` gives the first time that it is fine, else the last time. For bounds of time, and for what a pause of the machine longer than T1 (0.5 s) adds to an exchange: the
 * product keeps its promise whenever the machine does not stand still in the midst of it, and one that breaks it breaks it every time.
 */
export async function undisturbed<Outcome>(
  attempt: () => Promise<Outcome>,
  isFine: (outcome: Outcome) => boolean,
): Promise<Outcome> {
  for (let tries = 1; ; tries += 1) {
    const outcome = await attempt();
    if (tries === MOST_TRIES || isFine(outcome)) return outcome;
  }
}
