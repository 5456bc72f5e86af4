/** `npm run survival`: a storm of calls while processes are killed; prints its page, and writes it where `--report` says. */
import { resolve } from "node:path";
import { writeFileSync } from "node:fs";
import { readCommandLine, readNumber, refuse } from "../harness/command-line.ts";
import { DEFAULT_MIX, type Mix } from "./call-plan.ts";
import type { FaultKind } from "./faults.ts";
import { formatReport, verdict } from "./report.ts";
import { runStorm, type StormSettings } from "./storm.ts";

const USAGE = `npm run survival [-- OPTIONS]

  --rate N          new calls per second (default 50)
  --seconds N       how long calls come (default 120)
  --hold N          mean length of a call in seconds (default 20): rate × hold calls are up at once
  --seed N          the same seed plans the same calls and the same kills (default 1)
  --mix LIST        percent of the calls, as emergency=33,reInvite=20,calleeEnds=33,failover=10,cancelled=3
  --fault-every N   mean seconds between two kills (default 4)
  --faults LIST     how often each kind comes, as worker=4,edge=2,controller=1,redis=1
                    (default worker=4,controller=1,redis=1)
  --rolling         no kills: every worker and edge is replaced, one after the other
  --workers N       workers of the pool (default 3)
  --edges N         edges of the pool (default 2)
  --sipp N          further calls per second between two SIPp (default 5)
  --report FILE     write the page that is printed there, too (default: nowhere)
  --json FILE       all figures
  --help            this text
`;

const OPTIONS = {
  rate: { type: "string", default: "50" },
  seconds: { type: "string", default: "120" },
  hold: { type: "string", default: "20" },
  seed: { type: "string", default: "1" },
  mix: { type: "string", default: "" },
  "fault-every": { type: "string", default: "4" },
  faults: { type: "string", default: "worker=4,controller=1,redis=1" },
  rolling: { type: "boolean", default: false },
  workers: { type: "string", default: "3" },
  edges: { type: "string", default: "2" },
  sipp: { type: "string", default: "5" },
  report: { type: "string" },
  json: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

type NumberOption = "seed" | "rate" | "seconds" | "hold" | "fault-every" | "workers" | "edges" | "sipp";

/** `name=number,…` of an option, with names among `known`. */
function pairs(option: string, text: string, known: readonly string[]): Readonly<Record<string, number>> {
  const entries = text.split(",").filter((each) => each !== "");
  return Object.fromEntries(
    entries.map((each) => {
      const [name = "", number = ""] = each.split("=");
      if (!known.includes(name)) refuse(`--${option} knows ${known.join(", ")}, not '${name}'`);
      return [name, readNumber(option, number, 0)];
    }),
  );
}

function settingsOf(values: ReturnType<typeof readCommandLine<typeof OPTIONS>>): StormSettings {
  const number = (name: NumberOption, least: number): number => readNumber(name, values[name], least);
  const none: Record<FaultKind, number> = { worker: 0, edge: 0, controller: 0, redis: 0 };
  return {
    seed: number("seed", 0),
    rate: number("rate", 0.1),
    seconds: number("seconds", 1),
    meanHoldMs: number("hold", 0) * 1_000,
    mix: { ...DEFAULT_MIX, ...(pairs("mix", values.mix, Object.keys(DEFAULT_MIX)) as Partial<Mix>) },
    faultEveryS: number("fault-every", 0.1),
    faults: { ...none, ...(pairs("faults", values.faults, Object.keys(none)) as Partial<Record<FaultKind, number>>) },
    rolling: values.rolling,
    workers: number("workers", 1),
    edges: number("edges", 1),
    sippRate: number("sipp", 0),
    tell: (line) => console.error(line),
  };
}

async function main(): Promise<number> {
  const values = readCommandLine(OPTIONS);
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const started = new Date();
  const result = await runStorm(settingsOf(values));
  const report = formatReport(result, started);
  console.log(report);
  const folder = process.env["INIT_CWD"] ?? process.cwd();
  if (values.report !== undefined) writeFileSync(resolve(folder, values.report), report);
  if (values.json !== undefined) writeFileSync(resolve(folder, values.json), `${JSON.stringify(result, null, 2)}\n`);
  return verdict(result).every(({ met }) => met) ? 0 : 1;
}

process.exit(await main());
