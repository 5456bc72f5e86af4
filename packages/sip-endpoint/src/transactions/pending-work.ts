/** Counts what a graceful stop waits for. */
export class PendingWork {
  private count = 0;
  private waiting: (() => void) | undefined = undefined;

  begin(): void {
    this.count++;
  }

  end(): void {
    this.count--;
    if (this.count === 0) this.waiting?.();
  }

  /** Resolves when nothing is pending. */
  idle(): Promise<void> {
    if (this.count === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.waiting = resolve;
    return promise;
  }
}
