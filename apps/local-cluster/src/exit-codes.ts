/** Exit codes of the local cluster; scripts may rely on them, `--help` lists them. */
export const EXIT = {
  ok: 0,
  /** A sample call of the demonstration did not end as it should. */
  demonstrationFailed: 1,
  usage: 64,
  /** The topology document has errors. */
  topologyInvalid: 65,
  /** The topology file cannot be read. */
  topologyUnreadable: 66,
  redisUnreachable: 69,
  /** A process of the cluster ended before it was ready, or the cluster did not become ready in time. */
  processFailed: 70,
  portInUse: 73,
  /** A listener's address is not one of this machine. */
  addressNotHere: 74,
  missingRights: 77,
  /** A signal made us stop before the cluster was ready. */
  interrupted: 130,
} as const;

/** Why the cluster cannot run: one sentence for the person (more lines only where every issue of a document is told), one exit code. */
export interface StartFailure {
  readonly exitCode: number;
  readonly sentence: string;
}
