/** More calls than one core can carry, and emergency calls in the midst of them (B15): what is answered, refused and lost, and how late a 911 rings. */
import { readCommandLine, readNumber, refuse } from "../harness/command-line.ts";
import { sipPorts } from "../harness/ports.ts";
import { startUac, stopAllSipp } from "../harness/sipp.ts";
import { ELEMENT_CORE, moveTo, SIPP_CORE } from "./cores.ts";
import { DelayProbe } from "./delay-probe.ts";
import type { Element } from "./element.ts";
import { cpuByPart, runStep, startCallees, WARM_UP, type StepSettings } from "./load-step.ts";
import { startFused, startSplit } from "./tandem-element.ts";

const EMERGENCIES_PER_SECOND = 5;
/** What SIPp needs after the last call: timer B of a call that nobody answers. */
const LAST_CALL_MS = 40_000;

/** Ordinary calls at one rate, 503 being an answer, and 911 beside them. */
async function overload(element: Element, probe: DelayProbe, { rate, seconds, core, destinations }: StepSettings) {
  const calls = rate * seconds;
  const common = { cores: core, logMessages: false, limitMs: seconds * 1_000 + LAST_CALL_MS };
  const callees = await startCallees(destinations, calls, common);
  const load = { scenario: "uac-basic-or-503", service: "100", calls, rate, limit: calls, holdMs: 1_000 };
  const before = totalCpuMs(element);
  const ordinary = await startUac({ ...common, ...load, target: element.port });
  const emergency = await probe.run({ port: element.port, number: "911", rate: EMERGENCIES_PER_SECOND, seconds });
  const { completed, retransmissions } = await ordinary.result;
  const cpuMsPerCall = (totalCpuMs(element) - before) / calls;
  let answered = 0;
  for (const callee of callees) answered += (await callee.stop()).completed;
  const outcome = { answered, refused: completed - answered, failed: calls - completed, retransmissions };
  return { element: element.name, rate, calls, ...outcome, cpuMsPerCall, emergency };
}

const totalCpuMs = (element: Element): number => Object.values(cpuByPart(element)).reduce((sum, ms) => sum + ms, 0);

const USAGE = `overload.ts [OPTIONS]

  --rates LIST        calls per second, rising (default 400,800,2000)
  --seconds N         length of each step (default 10)
  --arrangement NAME  split or fused (default fused)
`;

function readOptions() {
  const { help, rates, seconds, arrangement } = readCommandLine({
    rates: { type: "string", default: "400,800,2000" },
    seconds: { type: "string", default: "10" },
    arrangement: { type: "string", default: "fused" },
    help: { type: "boolean", default: false },
  });
  if (arrangement !== "split" && arrangement !== "fused") refuse("--arrangement is split or fused");
  return {
    help,
    rates: rates.split(",").map((rate) => readNumber("rates", rate, 1)),
    seconds: readNumber("seconds", seconds, 1),
    start: arrangement === "split" ? startSplit : startFused,
  };
}

async function main(): Promise<void> {
  const { help, rates, seconds, start } = readOptions();
  if (help) return console.log(USAGE);
  moveTo(SIPP_CORE);
  const probe = await DelayProbe.open();
  const destinations = { gateways: await sipPorts(2), probe: probe.port };
  const element = await start(destinations, ELEMENT_CORE);
  const settings = { seconds, core: SIPP_CORE, destinations };
  try {
    await runStep(element, probe, { ...settings, ...WARM_UP });
    for (const rate of rates) console.log(await overload(element, probe, { ...settings, rate }));
  } finally {
    await stopAllSipp();
    await element.stop();
    await probe.close();
  }
}

await main();
