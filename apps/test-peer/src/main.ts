import { bindShutdown, createLogger, EXIT, readyLine } from "@tandem/runtime";
import { answerCalls } from "./answer-calls.ts";
import { readAnswerConfig, readCallConfig } from "./config.ts";
import { placeCalls } from "./place-calls.ts";

const STOP_MS = 2_000;

/** `answer`: plays gateways until it is told to stop. */
async function answer(): Promise<void> {
  const config = readAnswerConfig(process.env);
  const logger = createLogger({ name: "test-peer", level: config.logLevel });
  const peers = await answerCalls(config);
  if (!peers.ok) return end(EXIT.unavailable, peers.error);
  bindShutdown({
    logger,
    drain: () => Promise.resolve(),
    stop: async () => {
      await Promise.all(peers.value.map((peer) => peer.close()));
    },
    drainTimeoutMs: STOP_MS,
    stopTimeoutMs: STOP_MS,
  });
  readyLine(logger, { address: config.address, ports: config.ports });
}

/** `call`: places the calls and ends with 0 only if each was answered and ended as it should. */
async function call(): Promise<void> {
  const outcome = await placeCalls(readCallConfig(process.env), (line) => process.stdout.write(`${line}\n`));
  if (!outcome.ok) return end(EXIT.unavailable, outcome.error);
  process.exit(outcome.value ? EXIT.ok : EXIT.failure);
}

function end(code: number, sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(code);
}

const [role] = process.argv.slice(2);
if (role === "answer") await answer();
else if (role === "call") await call();
else end(EXIT.usage, "Usage: test-peer answer|call; docs/kubernetes.md lists the variables.");
