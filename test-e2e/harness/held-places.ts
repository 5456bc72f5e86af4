import { connectRedis, createRedisTrunkGate } from "@tandem/adapter-redis";

/** Places that calls hold on these trunks: what their limits are kept by, cluster-wide. NaN: Redis did not say. */
export async function heldPlaces(redisUrl: string, trunks: readonly string[]): Promise<number> {
  const connection = connectRedis(redisUrl);
  if (!connection.ok) throw new Error(connection.error.detail);
  const gate = createRedisTrunkGate(connection.value);
  try {
    const leases = await Promise.all(trunks.map((trunk) => gate.leases(trunk)));
    return leases.reduce((sum, held) => sum + (held.ok ? held.value.length : Number.NaN), 0);
  } finally {
    await connection.value.close();
  }
}
