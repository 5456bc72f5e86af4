import { err, ok, type Failure, type Result } from "@tandem/domain";
import type { SetupClaim, SetupClaims } from "../ports/index.ts";

/** The SetupClaims contract in memory; it forgets none. `away` makes every operation fail, `hold` decides when each one runs. */
export class FakeSetupClaims implements SetupClaims {
  readonly claims = new Map<string, SetupClaim>();
  away = false;
  /** Found not to answer: nobody in a hurry waits. */
  foundAway = false;
  hold: () => Promise<void> = () => Promise.resolve();

  isAway(): boolean {
    return this.foundAway;
  }

  claim(invite: string, claim: SetupClaim): Promise<Result<SetupClaim, Failure>> {
    return this.#run(() => {
      const first = this.claims.get(invite) ?? claim;
      this.claims.set(invite, first);
      return first;
    });
  }

  takeOver(invite: string, claim: SetupClaim): Promise<Result<void, Failure>> {
    return this.#run(() => void this.claims.set(invite, claim));
  }

  async #run<T>(act: () => T): Promise<Result<T, Failure>> {
    await this.hold();
    return this.away ? err({ code: "store-unavailable", detail: "the fake claims are away" }) : ok(act());
  }
}
