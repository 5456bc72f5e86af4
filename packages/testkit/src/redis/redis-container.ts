import type { RedisFixture } from "./redis-server.ts";

const REDIS_PORT = 6379;
const PULL_LIMIT_MS = 60_000;

/** Image of the container fixture; any Redis 7 or later does. */
const REDIS_IMAGE = process.env["TANDEM_TEST_REDIS_IMAGE"] ?? "redis:7.4-alpine";

/**
 * Why a Redis container cannot be started here, as a reason for a test's report; null when it can. The image is pulled if the engine may.
 * testcontainers is loaded only here: it is slow to load and most tests do without.
 */
export async function whyNoRedisContainer(): Promise<string | null> {
  const { getContainerRuntimeClient, ImageName } = await import("testcontainers");
  const client = await getContainerRuntimeClient().catch(() => null);
  if (client === null) return "no container engine can be reached from here";
  const image = ImageName.fromString(REDIS_IMAGE);
  if (await client.image.exists(image)) return null;
  const pulled = await Promise.race([
    client.image.pull(image).then(
      () => true,
      () => false,
    ),
    new Promise<boolean>((resolve) => {
      setTimeout(() => {
        resolve(false);
      }, PULL_LIMIT_MS).unref();
    }),
  ]);
  return pulled ? null : `the image ${REDIS_IMAGE} is not here and cannot be pulled`;
}

/** Starts Redis in a container, for a version or platform other than the installed one. Ask `whyNoRedisContainer` before. */
export async function startRedisContainer(): Promise<RedisFixture> {
  const { GenericContainer, Wait } = await import("testcontainers");
  const container = await new GenericContainer(REDIS_IMAGE)
    .withExposedPorts(REDIS_PORT)
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .start();
  return {
    url: `redis://${container.getHost()}:${String(container.getMappedPort(REDIS_PORT))}`,
    flush: async () => {
      await container.exec(["redis-cli", "flushall"]);
    },
    [Symbol.asyncDispose]: async () => {
      await container.stop();
    },
  };
}
