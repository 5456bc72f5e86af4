/** Asks to stop: the first one drains, one after it ends everything at once. */
export interface StopRequest {
  /** Resolves with the first request. */
  readonly requested: Promise<void>;
  readonly isRequested: boolean;
  /** Called with every further one. */
  onAgain(handle: () => void): void;
}

/**
 * A Ctrl-C may arrive twice, from the terminal and from npm, which passes signals on. What follows within this time is the same key press.
 */
const SAME_REQUEST_MS = 1_000;

/** Watches SIGINT, SIGTERM, SIGHUP and, when started with an ipc channel, the end of the process that started us. */
export function watchStopRequests(): StopRequest {
  let firstAtMs: number | null = null;
  let again: (() => void) | null = null;
  const { promise, resolve } = Promise.withResolvers<void>();
  const request = (): void => {
    if (firstAtMs === null) {
      firstAtMs = Date.now();
      resolve();
    } else if (Date.now() - firstAtMs > SAME_REQUEST_MS) {
      again?.();
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, request);
  process.on("disconnect", request);
  return {
    requested: promise,
    get isRequested() {
      return firstAtMs !== null;
    },
    onAgain(handle) {
      again = handle;
    },
  };
}
