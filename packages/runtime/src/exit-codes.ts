/** Exit codes of every process (BSD sysexits where one fits). */
export const EXIT = {
  ok: 0,
  /** A bug or an unexpected fault. */
  failure: 1,
  /** The command line is wrong. */
  usage: 64,
  /** A service the process needs cannot be reached or bound. */
  unavailable: 69,
  /** The environment or a configuration file is wrong. */
  configuration: 78,
} as const;
