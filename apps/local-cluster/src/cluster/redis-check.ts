import { connect } from "node:net";
import { formatSocketAddress, parseSocketAddress, type SocketAddress } from "@tandem/runtime";
import { EXIT, type StartFailure } from "../exit-codes.ts";

const LIMIT_MS = 3_000;
const DEFAULT_PORT = 6_379;

/**
 * Asks whether anybody listens where a given Redis should be, before processes are started that would all wait for it. Of several
 * hosts (Sentinels, cluster nodes) one is enough.
 * @returns null when somebody does.
 */
export async function findRedisProblem(url: string): Promise<StartFailure | null> {
  const hosts = redisHosts(url);
  if (hosts === null) {
    const forms = "redis://host:port/db, rediss://host:port/db, sentinel://host:port,…/name or cluster://host:port,…";
    return { exitCode: EXIT.usage, sentence: `The Redis URL must have one of the forms ${forms}.` };
  }
  const problems = await Promise.all(hosts.map(tryToConnect));
  if (problems.includes(null)) return null;
  const where = hosts.map(formatSocketAddress).join(", ");
  return { exitCode: EXIT.redisUnreachable, sentence: `Redis at ${where} cannot be reached (${problems.join(", ")}).` };
}

/** The hosts of a Redis URL, without user and password; null when it is none. */
export function redisHosts(url: string): readonly SocketAddress[] | null {
  const match = /^(?:rediss?|sentinel|cluster):\/\/(?:[^@/]*@)?([^/?]+)/.exec(url);
  if (match?.[1] === undefined) return null;
  const hosts = match[1]
    .split(",")
    .map((text) => parseSocketAddress(text) ?? parseSocketAddress(`${text}:${DEFAULT_PORT}`));
  return hosts.every((host) => host !== undefined) ? hosts : null;
}

function tryToConnect({ host, port }: SocketAddress): Promise<string | null> {
  const socket = connect({ host, port });
  return new Promise((resolve) => {
    const answer = (problem: string | null): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(LIMIT_MS, () => answer("no answer"));
    socket.once("connect", () => answer(null));
    socket.once("error", (error: NodeJS.ErrnoException) => answer(error.code ?? error.message));
  });
}
