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
  return { caller: await uac.result, callees: runs };
}

/** One line per message: `> INVITE`, `< 200`; for assertions on a whole exchange. */
export function exchangeOf(result: Pick<SippResult, "messages">): readonly string[] {
  return result.messages.map(({ direction, what }) => `${direction === "sent" ? ">" : "<"} ${what}`);
}
