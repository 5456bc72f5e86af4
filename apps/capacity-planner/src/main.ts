import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { constantsFromBench, plan, type BenchFigures, type MeasuredConstants } from "@tandem/capacity";
import { readCommand, USAGE, type Command } from "./options.ts";
import { formatPlan } from "./report.ts";
import { formatSizes } from "./sizes.ts";

const EX_USAGE = 64;
const EX_NOINPUT = 66;
const CONSTANTS = join(import.meta.dirname, "..", "constants.json");

/** Paths are meant from where the person stands, not from where npm runs us. */
const fromHere = (path: string): string => resolve(process.env["INIT_CWD"] ?? process.cwd(), path);

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "no JSON";
    throw new Error(`The file ${path} cannot be read (${code}).`, { cause: error });
  }
}

function readConstants(file: string | null): MeasuredConstants {
  return readJson(file === null ? CONSTANTS : fromHere(file)) as MeasuredConstants;
}

function run(command: Command): string {
  switch (command.kind) {
    case "help":
      return USAGE;
    case "constants":
      return keepConstants(command);
    case "sizes":
      return formatSizes(command.demands, readConstants(command.constantsFile));
    case "plan": {
      const constants = readConstants(command.constantsFile);
      const planned = plan(command.demand, constants);
      return command.json ? `${JSON.stringify(planned, null, 2)}\n` : formatPlan(planned, constants);
    }
  }
}

function keepConstants({ benchFile, constantsFile }: Extract<Command, { kind: "constants" }>): string {
  const measured = constantsFromBench(readJson(fromHere(benchFile)) as BenchFigures, readConstants(constantsFile));
  if (measured === null) return "The bench's file has no figures of the split arrangement; nothing was changed.\n";
  const file = constantsFile === null ? CONSTANTS : fromHere(constantsFile);
  writeFileSync(file, `${JSON.stringify(measured, null, 2)}\n`);
  return `${file} holds what the bench measured.\n`;
}

function main(): void {
  const command = readCommand(process.argv.slice(2));
  if (typeof command === "string") {
    process.stderr.write(`${command}; --help lists the options.\n`);
    process.exitCode = EX_USAGE;
    return;
  }
  try {
    process.stdout.write(run(command));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = EX_NOINPUT;
  }
}

main();
