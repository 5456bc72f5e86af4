import { randomUUID } from "node:crypto";
import { err, ok, type Result, type Topology } from "@tandem/domain";
import { placeCall, type SeenMessage, type SimulatedGateway, startSimulatedGateway } from "@tandem/simulated-peer";
import { EXIT, type StartFailure } from "../exit-codes.ts";
import { findDeviations, locationArrived, type CallEvidence } from "./call-evidence.ts";
import { messagesOfCall, reportCall } from "./call-report.ts";
import { awaitRecords } from "./detail-record-file.ts";
import { SAMPLE_CALLS, type SampleCall } from "./sample-calls.ts";
import { planSimulation, type PlannedGateway, type SimulationPlan } from "./simulation-plan.ts";

/** The played gateways of a topology, ready for the sample calls. */
export interface Demonstration {
  /**
   * Places the sample calls one after the other and prints each.
   * @returns True when every call ended as it should.
   */
  run(detailRecordFile: string, print: (line: string) => void): Promise<boolean>;
  close(): Promise<void>;
}

const HOLD_MS = 300;
const RECORD_LIMIT_MS = 10_000;

/** Starts the simulated gateways; they answer the cluster's OPTIONS from then on. */
export async function startDemonstration(topology: Topology): Promise<Result<Demonstration, StartFailure>> {
  const plan = planSimulation(topology);
  if (!plan.ok) return err({ exitCode: EXIT.usage, sentence: plan.error });
  const seen: SeenMessage[] = [];
  const gateways = await startGateways(plan.value.gateways, (message) => seen.push(message));
  if (!gateways.ok) return gateways;
  const close = async (): Promise<void> => {
    await Promise.all(gateways.value.map((gateway) => gateway.close()));
  };
  const core = gateways.value.find(({ name }) => name === plan.value.caller);
  if (core === undefined) throw new TypeError("the plan's caller is one of its gateways");
  return ok({
    close,
    async run(detailRecordFile, print) {
      let good = true;
      for (const sample of SAMPLE_CALLS) {
        const evidence = await tryCall({ sample, core, plan: plan.value, seen, detailRecordFile });
        const deviations = findDeviations(sample, evidence);
        good &&= deviations.length === 0;
        for (const line of [
          ...reportCall(sample.title, evidence, core.name),
          "",
          ...verdict(sample, evidence, deviations),
          "",
        ]) {
          print(line);
        }
      }
      return good;
    },
  });
}

async function startGateways(
  planned: readonly PlannedGateway[],
  onMessage: (seen: SeenMessage) => void,
): Promise<Result<readonly SimulatedGateway[], StartFailure>> {
  const started: SimulatedGateway[] = [];
  for (const plan of planned) {
    const gateway = await startSimulatedGateway({ ...plan, onMessage });
    if (gateway.ok) {
      started.push(gateway.value);
      continue;
    }
    await Promise.all(started.map((other) => other.close()));
    const { listener, detail } = gateway.error;
    const where = `${plan.address}:${plan.port}/${listener}`;
    return err({
      exitCode: EXIT.portInUse,
      sentence: `Simulated gateway ${plan.name} cannot use ${where} (${detail}).`,
    });
  }
  return ok(started);
}

interface Trial {
  readonly sample: SampleCall;
  readonly core: SimulatedGateway;
  readonly plan: SimulationPlan;
  readonly seen: readonly SeenMessage[];
  readonly detailRecordFile: string;
}

async function tryCall({ sample, core, plan, seen, detailRecordFile }: Trial): Promise<CallEvidence> {
  const callId = `sample-${randomUUID()}`;
  const { number, headers, contentType, body } = sample;
  const call = {
    number,
    caller: "2125550100",
    target: plan.target,
    callId,
    headers,
    contentType,
    body,
    holdMs: HOLD_MS,
  };
  const result = await placeCall(core, call);
  const records = await awaitRecords(detailRecordFile, callId, RECORD_LIMIT_MS);
  return {
    result,
    record: records?.call ?? null,
    attempts: records?.attempts ?? [],
    seen: messagesOfCall(seen, callId),
  };
}

function verdict(sample: SampleCall, evidence: CallEvidence, deviations: readonly string[]): readonly string[] {
  if (deviations.length > 0) return deviations.map((deviation) => `NOT AS IT SHOULD BE: ${deviation}`);
  const location = sample.expected.emergency && locationArrived(sample.body, evidence.seen);
  return [location ? "Ended as it should; the E9-1-1 provider saw the location byte for byte." : "Ended as it should."];
}
