import { repeat } from "../timing/repeat.ts";
import type { Clock, Member, Membership } from "../ports/index.ts";

export interface MemberKeeping {
  readonly membership: Membership;
  readonly clock: Clock;
  /** The entry as it is now; asked before every announcement. */
  readonly member: () => Member;
  /** Runs beside every announcement, such as a look at an operator's wishes. */
  readonly beside?: () => Promise<void>;
}

/** How often an entry is renewed, and how long it outlives its process; milliseconds. */
const ANNOUNCE_MS = 2_000;
const TTL_MS = 7_000;

/** Keeps a process on the membership list until `stop`, which takes it off. A failed announcement is made up for by the next one. */
export function keepMember({ membership, clock, member, beside }: MemberKeeping): { stop(): Promise<void> } {
  const end = repeat(clock, ANNOUNCE_MS, async () => {
    await Promise.all([membership.announce(member(), TTL_MS), beside?.()]);
    return "rest";
  });
  return {
    async stop() {
      await end();
      await membership.withdraw(member().id);
    },
  };
}
