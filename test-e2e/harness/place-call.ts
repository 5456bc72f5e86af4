import { setTimeout as delay } from "node:timers/promises";
import { startUac, startUas, type SippOptions, type SippResult, type SippRun } from "./sipp.ts";

/** A SIPp callee for `placeCall`: a scenario at a port. */
export interface Callee extends Omit<SippOptions, "port"> {
  readonly port: number;
}

/** What the parties of one call saw. */
export interface CallOutcome {
  readonly caller: SippResult;
  /** In the order the callees were given. */
  readonly callees: readonly SippRun[];
}

/** Starts the callees, places the calls, and waits for the caller's end. The callees still run; `stopAllSipp` ends them. */
export async function placeCall(
  caller: SippOptions & { readonly target: number },
  callees: readonly Callee[],
): Promise<CallOutcome> {
  const runs: SippRun[] = [];
  for (const callee of callees) runs.push(await startUas(callee));
  const uac = await startUac(caller);
  const result = await uac.result;
  for (const run of runs) await legIsOver(run);
  return { caller: result, callees: runs };
}

/** Longest wait for the callee's BYE after the caller is done: Tandem answers the caller's BYE before it sends its own. */
const LEG_END_MS = 3_000;

/** Resolves when an answered callee has seen the call's end, so that its BYE does not reach whoever uses the port next. */
async function legIsOver(run: SippRun): Promise<void> {
  const deadline = Date.now() + LEG_END_MS;
  while (Date.now() < deadline) {
    const whats = (await run.messages()).map(({ what, direction }) => `${direction} ${what}`);
    const answered = whats.includes("received INVITE") && whats.includes("sent 200");
    if (!answered || whats.some((what) => what.endsWith(" BYE"))) return;
    await delay(20);
  }
}

/** One line per message: `> INVITE`, `< 200`; for assertions on a whole exchange. */
export function exchangeOf(result: Pick<SippResult, "messages">): readonly string[] {
  return result.messages.map(({ direction, what }) => `${direction === "sent" ? ">" : "<"} ${what}`);
}
