import { fuzz } from "./fuzz.ts";

/** `node --conditions=@tandem/source packages/sip/test/fuzz/run.ts [messages] [seed]` */
const messages = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? 4475);
process.stdout.write(`${JSON.stringify({ seed, ...fuzz(messages, seed) })}\n`);
