import { SETUP_CLAIM_MS, type SetupClaim, type SetupClaims } from "@tandem/call-control";
import { ok } from "@tandem/domain";
import type { RedisConnection } from "./connection.ts";
import { setupClaimKey } from "./keys.ts";

/** One key for each INVITE that is claimed, which lapses by itself. */
export function createSetupClaims(connection: RedisConnection): SetupClaims {
  return {
    isAway: (invite) => connection.isAway(setupClaimKey(invite)),

    async claim(invite, claim) {
      const key = setupClaimKey(invite);
      // In order on one connection: what is read is what was set, or what was there before.
      const found = await connection.run("claim-setup", async (client) => {
        const written = client.set(key, textOf(claim), "PX", SETUP_CLAIM_MS, "NX");
        const [, read] = await Promise.all([written, client.get(key)]);
        return read;
      });
      return found.ok ? ok(readClaim(found.value) ?? claim) : found;
    },

    async takeOver(invite, claim) {
      const key = setupClaimKey(invite);
      const set = await connection.run("take-over-setup", (client) =>
        client.set(key, textOf(claim), "PX", SETUP_CLAIM_MS),
      );
      return set.ok ? ok(undefined) : set;
    },
  };
}

function textOf({ callId, atMs }: SetupClaim): string {
  return `${callId} ${atMs}`;
}

/** Null for what another version of Tandem wrote. */
function readClaim(text: string | null): SetupClaim | null {
  const found = /^(\S+) (\d+)$/.exec(text ?? "");
  return found === null ? null : { callId: found[1] ?? "", atMs: Number(found[2]) };
}
