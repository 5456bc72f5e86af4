import { setTimeout as delay } from "node:timers/promises";
import { startUac, startUas, type SippOptions, type SippResult, type SippRun } from "./sipp.ts";
import type { LoggedMessage } from "./sipp-log.ts";

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

/** Longest wait for the end of the called leg after the caller is done: Tandem answers the caller's BYE before it sends its own. */
const LEG_END_MS = 10_000;

/** Resolves when nothing of the call is under way at a callee, so that nothing of it reaches whoever uses the port next. */
async function legIsOver(run: SippRun): Promise<void> {
  const deadline = Date.now() + LEG_END_MS;
  while (!isOver(await run.messages()) && Date.now() < deadline) await delay(20);
}

function isOver(messages: readonly LoggedMessage[]): boolean {
  return [...Map.groupBy(messages, (message) => message.headers("Call-ID")[0]).values()].every(isSettled);
}

/** A final answer has its ACK, and an answered call its BYE and the answer to that. */
function isSettled(messages: readonly LoggedMessage[]): boolean {
  const sequence = (message: LoggedMessage): string => message.headers("CSeq")[0]?.split(" ")[1] ?? "";
  const finals = messages.filter((message) => /^[2-6]/.test(message.what) && sequence(message) === "INVITE");
  if (finals.length === 0) return true;
  const isAcknowledged = messages.some(({ what, direction }) => what === "ACK" && direction === "received");
  const isAnswered = finals.some(({ what }) => what.startsWith("2"));
  const isEnded = messages.some((message) => /^[2-6]/.test(message.what) && sequence(message) === "BYE");
  return isAcknowledged && (!isAnswered || isEnded);
}

/** One line per message: `> INVITE`, `< 200`; for assertions on a whole exchange. */
export function exchangeOf(result: Pick<SippResult, "messages">): readonly string[] {
  return result.messages.map(({ direction, what }) => `${direction === "sent" ? ">" : "<"} ${what}`);
}
