import { parseArgs, type ParseArgsConfig } from "node:util";

const EX_USAGE = 64;

/** Reads the options of a command that a person runs. What is wrong with them is one sentence on standard error, and exit code 64. */
export function readCommandLine<const Options extends NonNullable<ParseArgsConfig["options"]>>(options: Options) {
  try {
    return parseArgs({ options, strict: true }).values;
  } catch (error) {
    // Node's message names the option in its first sentence; the others are hints.
    const [first = ""] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/, 1);
    return refuse(first.replace(/\.$/, ""));
  }
}

/** The number that an option gives. @param least What it must not be below. */
export function readNumber(name: string, text: string, least: number): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  return value >= least ? value : refuse(`--${name} must be a number from ${least} on, not '${text}'`);
}

/** Ends the process because of what was asked of it. */
export function refuse(problem: string): never {
  process.stderr.write(`${problem}; --help lists the options.\n`);
  process.exit(EX_USAGE);
}
