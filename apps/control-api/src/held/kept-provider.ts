import type { EmergencyProvider, Failure, Result } from "@tandem/domain";

type Provider = EmergencyProvider | null;

const KEPT_MS = 10_000;

/**
 * The provider as read within the last ten seconds, with at most one read under way: devices ask without credentials, and a read costs the whole topology.
 * While it cannot be read, the one known last stays.
 */
export function keptProvider(
  read: () => Promise<Result<Provider, Failure>>,
  now: () => number,
): () => Promise<Provider> {
  let known: Provider = null;
  let freshUntilMs = -Infinity;
  let reading: Promise<Provider> | null = null;

  const renew = async (): Promise<Provider> => {
    const found = await read();
    if (!found.ok) return known;
    known = found.value;
    freshUntilMs = now() + KEPT_MS;
    return known;
  };

  return async () => {
    if (now() < freshUntilMs) return known;
    reading ??= renew().finally(() => {
      reading = null;
    });
    return reading;
  };
}
