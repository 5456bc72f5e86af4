import { connectRedis, type RedisConnection } from "@tandem/adapter-redis";
import type { RedisFixture } from "@tandem/testkit";
import type { Harness } from "@tandem/testkit/contracts";

/** A connection that must work. */
export function connected(url: string): RedisConnection {
  const connection = connectRedis(url);
  if (!connection.ok) throw new Error(connection.error.detail);
  return connection.value;
}

/** A harness over an emptied Redis; every further instance has a connection of its own, as another process would. */
export async function redisHarness<Subject>(
  fixture: RedisFixture,
  create: (connection: RedisConnection) => Subject,
): Promise<Harness<Subject>> {
  await fixture.flush();
  const connections: RedisConnection[] = [];
  const make = (): Subject => {
    const connection = connected(fixture.url);
    connections.push(connection);
    return create(connection);
  };
  return {
    subject: make(),
    another: make,
    elapse: () => Promise.resolve(),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}
