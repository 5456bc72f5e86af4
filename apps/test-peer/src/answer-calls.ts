import { err, ok, type Result } from "@tandem/domain";
import { startSimulatedGateway, type SimulatedGateway } from "@tandem/simulated-peer";
import type { AnswerConfig } from "./config.ts";

/** Answers every call at every port, over UDP and TCP, and every OPTIONS. The error says which port it cannot have. */
export async function answerCalls({
  address,
  ports,
}: AnswerConfig): Promise<Result<readonly SimulatedGateway[], string>> {
  const started: SimulatedGateway[] = [];
  for (const port of ports) {
    const options = { name: `peer-${port}`, address, port, behaviour: "answers", onMessage: () => undefined } as const;
    const gateway = await startSimulatedGateway(options);
    if (!gateway.ok) {
      await Promise.all(started.map((each) => each.close()));
      return err(`The peer cannot use ${address}:${port} (${gateway.error.detail}).`);
    }
    started.push(gateway.value);
  }
  return ok(started);
}
