/**
 * Exit codes of the bootstraps, so that a script can tell what went wrong. What they start has codes of its own
 * (packages/runtime/src/exit-codes.ts, apps/local-cluster) and these are passed on unchanged.
 */
export const EXIT = Object.freeze({
  usage: 64,
  /** Something is missing on this machine and this user may not, or cannot, install it. */
  missingRequirement: 69,
  /** An installation was tried and failed. */
  installFailed: 70,
});

/** An expected failure of a bootstrap: one sentence for the person, one code for the script. */
export class BootstrapError extends Error {
  /**
   * @param {string} sentence What is wrong and what to do, in one sentence.
   * @param {number} exitCode One of `EXIT`.
   */
  constructor(sentence, exitCode) {
    super(sentence);
    this.exitCode = exitCode;
  }
}

/**
 * Runs a bootstrap's main function and ends the process with its exit code.
 * @param {() => Promise<number>} main
 */
export async function runBootstrap(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof BootstrapError)) throw error;
    console.error(error.message);
    process.exitCode = error.exitCode;
  }
}
