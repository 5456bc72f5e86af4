import { connectRedis, type RedisConnection } from "@tandem/adapter-redis";
import { startRedisServer, until } from "@tandem/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { OldServer } from "./old-server.ts";

let connection: RedisConnection | undefined;
afterEach(() => connection?.close());

/** Connects, and keeps what was told of the version. */
function connect(url: string): (string | null)[] {
  const told: (string | null)[] = [];
  const made = connectRedis(url, { onOutdated: (version) => void told.push(version) });
  if (!made.ok) throw new Error(made.error.detail);
  connection = made.value;
  return told;
}

describe("a Redis that is too old", () => {
  it.each([["5.0.14"], ["6.0.16"]])("%s is told of once, however often it is connected to", async (version) => {
    await using server = await OldServer.listen(version);
    const told = connect(server.url);
    await until(() => told.length > 0, { what: "told of the version" });
    server.dropClients();
    server.version = "7.2.4";
    await until(() => told.length > 1, { what: "told of the new version" });
    expect(told).toEqual([version, null]);
  });

  it.each([["6.2.0"], ["7.2.4"], ["10.0.0"]])("is not %s", async (version) => {
    await using server = await OldServer.listen(version);
    const told = connect(server.url);
    expect(await connection?.ready(10_000)).toMatchObject({ ok: true });
    expect(await connection?.run("info", (client) => client.info())).toMatchObject({ ok: true });
    expect(told).toEqual([]);
  });

  it("is not the one of the tests, and one that does not tell its version is not either", async () => {
    await using real = await startRedisServer();
    const told = connect(real.url);
    expect(await connection?.run("info", (client) => client.info())).toMatchObject({ ok: true });
    await connection?.close();
    await using silent = await OldServer.listen("unknown");
    const toldOfSilent = connect(silent.url);
    expect(await connection?.run("info", (client) => client.info())).toMatchObject({ ok: true });
    expect([...told, ...toldOfSilent]).toEqual([]);
  });
});
