/** `npm run bench`: Tandem and its peer side by side, one core for the element, one for SIPp. */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { readCommandLine, readNumber, refuse } from "../harness/command-line.ts";
import { sipPorts } from "../harness/ports.ts";
import { stopAllSipp } from "../harness/sipp.ts";
import { measureCallMemory } from "./call-memory.ts";
import { ELEMENT_CORE, moveTo, SIPP_CORE } from "./cores.ts";
import { DelayProbe } from "./delay-probe.ts";
import type { Destinations, Element } from "./element.ts";
import { startKamailio } from "./kamailio-element.ts";
import { runStep, WARM_UP, type StepSettings } from "./load-step.ts";
import { formatReport, type BenchResult, type ElementResult } from "./report.ts";
import { startFused, startSplit } from "./tandem-element.ts";

const USAGE = `npm run bench [-- OPTIONS]

  --json FILE       write all figures there
  --rates LIST      calls per second, rising (default 100,200,400,800)
  --seconds N       length of each step (default 8)
  --only NAMES      some of split,fused,kamailio
  --no-memory       leave out the memory of established calls
`;

const STARTERS = { split: startSplit, fused: startFused, kamailio: startKamailio } as const;

function readOptions() {
  const values = readCommandLine({
    json: { type: "string" },
    rates: { type: "string", default: "100,200,400,800" },
    seconds: { type: "string", default: "8" },
    only: { type: "string" },
    "no-memory": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  });
  const all = Object.keys(STARTERS);
  const wanted = values.only?.split(",") ?? all;
  if (!wanted.every((name) => all.includes(name))) refuse(`--only takes some of ${all.join(",")}`);
  const names = all.filter((name) => wanted.includes(name));
  return {
    help: values.help,
    jsonFile: values.json === undefined ? null : resolve(process.env["INIT_CWD"] ?? ".", values.json),
    rates: values.rates.split(",").map((rate) => readNumber("rates", rate, 1)),
    seconds: readNumber("seconds", values.seconds, 1),
    names: names as readonly (keyof typeof STARTERS)[],
    memory: !values["no-memory"],
  };
}

type Options = ReturnType<typeof readOptions>;

async function measure(element: Element, probe: DelayProbe, destinations: Destinations, options: Options) {
  const settings = (step: { readonly rate: number; readonly seconds: number }): StepSettings => ({
    ...step,
    core: SIPP_CORE,
    destinations,
  });
  console.error(`${element.name}: warming up`);
  await runStep(element, probe, settings(WARM_UP));
  const steps = [];
  for (const rate of options.rates) {
    console.error(`${element.name}: ${rate} calls/s`);
    steps.push(await runStep(element, probe, settings({ rate, seconds: options.seconds })));
  }
  if (!options.memory) return { element: element.name, steps, memory: null };
  console.error(`${element.name}: memory of established calls`);
  return { element: element.name, steps, memory: await measureCallMemory(element, settings(WARM_UP)) };
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) {
    console.log(USAGE);
    return;
  }
  if (availableParallelism() < 2) throw new Error("the comparison needs two cores: one for SIPp, one for the element");
  // The delay probe lives here: beside SIPp, not beside the element.
  moveTo(SIPP_CORE);
  const startedAt = new Date().toISOString();
  const results: ElementResult[] = [];
  for (const name of options.names) {
    const probe = await DelayProbe.open();
    const destinations: Destinations = {
      gateways: await sipPorts(2),
      probe: probe.port,
    };
    const element = await STARTERS[name](destinations, ELEMENT_CORE);
    try {
      results.push(await measure(element, probe, destinations, options));
    } finally {
      await stopAllSipp();
      await element.stop();
      await probe.close();
    }
  }
  const result: BenchResult = { startedAt, seconds: options.seconds, results };
  console.log(formatReport(result));
  if (options.jsonFile !== null) writeFileSync(options.jsonFile, `${JSON.stringify(result, null, 2)}\n`);
}

await main();
