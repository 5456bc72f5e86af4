import { readFileSync } from "node:fs";
import type { RedisClient } from "./client-options.ts";

/**
 * The scripts, by the name of their file: `<verb-noun>-<number of keys>.lua`. They stay beside the sources, so that source and compiled code read the same files.
 */
const FILES = {
  "create-call": 5,
  "save-call": 4,
  "finish-call": 7,
  "attend-callers": 2,
  "claim-due": 1,
  "set-aside": 2,
  "repair-shard": 3,
  "reserve-trunk": 4,
  "seize-place": 3,
  "publish-topology": 1,
  "set-health": 3,
  "set-emergency-path": 2,
  "push-signals": 1,
  "announce-member": 2,
  "read-members": 2,
  "withdraw-member": 3,
  "acquire-lease": 1,
  "release-lease": 1,
  "answer-probe": 1,
  "remember-callback": 5,
  "end-callback": 4,
  "put-lis": 2,
  "remove-lis": 2,
  "replace-lis": 4,
  "publish-lis": 6,
  "unlock-lis": 1,
} as const;

/** Name of a script. */
export type ScriptName = keyof typeof FILES;

type Scripted = Record<string, (...args: readonly (string | number)[]) => Promise<unknown>>;

const DIRECTORY = new URL("../src/lua/", import.meta.url);

/** Makes every script a command of the client: sent by digest, with the text when the server does not know it yet. */
export function defineScripts(client: RedisClient): void {
  for (const [name, keys] of Object.entries(FILES)) {
    const lua = readFileSync(new URL(`${name}-${String(keys)}.lua`, DIRECTORY), "utf8");
    client.defineCommand(name, { numberOfKeys: keys, lua });
  }
}

/** Runs a script with its keys, then its arguments, as the head of its file names them. */
export function runScript(
  client: RedisClient,
  name: ScriptName,
  keysAndArguments: readonly (string | number)[],
): Promise<unknown> {
  const command = (client as unknown as Scripted)[name];
  if (command === undefined) throw new TypeError(`script ${name} is not defined on this client`);
  return command.apply(client, [...keysAndArguments]);
}
