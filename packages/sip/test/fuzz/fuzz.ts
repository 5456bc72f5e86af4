import { readFileSync, readdirSync } from "node:fs";
import { latin1Text, parseDatagram, parseMessage } from "@tandem/sip";
import { Randomness, mutate } from "./mutate.ts";
import { answerFailure, readEverything } from "./read-everything.ts";

export interface FuzzReport {
  readonly messages: number;
  readonly readable: number;
  readonly perSecond: number;
  /** Longest time one message took, milliseconds. */
  readonly slowestMs: number;
}

/** No single message may take longer. */
export const SLOWEST_ALLOWED_MS = 50;

/** A collection of garbage is not the parser's: a slow message gets this many more tries. */
const TRIES = 4;

/** CPU time of this thread: what other programs take from the machine is not the parser's either. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function loadCorpus(): readonly string[] {
  return ["rfc4475/", "calls/"].flatMap((folder) => {
    const url = new URL(`../corpus/${folder}`, import.meta.url);
    return readdirSync(url).map((file) => latin1Text(readFileSync(new URL(file, url))));
  });
}

/** As a datagram and, where only Content-Length stands in the way, as a message that came framed. */
function handle(datagram: Uint8Array): boolean {
  const parsed = parseDatagram(datagram);
  if (!parsed.ok) answerFailure(parsed.error);
  const framed = parsed.ok ? parsed : parseMessage(latin1Text(datagram));
  if (framed.ok) readEverything(framed.value);
  return framed.ok;
}

/** Feeds mutated messages to the whole package; throws, naming seed and number, when one breaks a promise or takes too long. */
export function fuzz(messages: number, seed: number): FuzzReport {
  const corpus = loadCorpus();
  const random = new Randomness(seed);
  const begin = performance.now();
  let readable = 0;
  let slowestMs = 0;
  for (let number = 0; number < messages; number++) {
    const datagram = Buffer.from(mutate(corpus, random), "latin1");
    try {
      let took = Infinity;
      for (let tries = 0; tries < TRIES && took > SLOWEST_ALLOWED_MS; tries++) {
        const start = cpuMs();
        const ok = handle(datagram);
        took = Math.min(took, cpuMs() - start);
        if (tries === 0 && ok) readable++;
      }
      slowestMs = Math.max(slowestMs, took);
      if (took > SLOWEST_ALLOWED_MS) throw new Error(`took ${took.toFixed(0)} ms`);
    } catch (cause) {
      throw new Error(`seed ${seed}, message ${number}: ${JSON.stringify(datagram.toString("latin1"))}`, { cause });
    }
  }
  const perSecond = Math.round(messages / ((performance.now() - begin) / 1000));
  return { messages, readable, perSecond, slowestMs: Number(slowestMs.toFixed(2)) };
}
