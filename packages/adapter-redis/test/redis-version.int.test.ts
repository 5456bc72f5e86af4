import { setImmediate as turnsEnd } from "node:timers/promises";
import { connectRedis, type RedisConnection } from "@tandem/adapter-redis";
import { startRedisServer, until } from "@tandem/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { OldServer } from "./old-server.ts";

let connection: RedisConnection | undefined;
afterEach(() => connection?.close());

/** Connects, and keeps what was told of the version. `untilRead`: it was read so many times, and what follows from that has happened. */
function connect(url: string) {
  const told: (string | null)[] = [];
  let read = 0;
  const made = connectRedis(url, {
    onOutdated: (version) => void told.push(version),
    onCommand: (name, _tookMs, isDone) => void (read += name === "version" && isDone ? 1 : 0),
  });
  if (!made.ok) throw new Error(made.error.detail);
  connection = made.value;
  const untilRead = async (times: number): Promise<void> => {
    await until(() => read >= times, { what: `the version read ${times} times` });
    await turnsEnd();
  };
  return { told, untilRead };
}

describe("a Redis that is too old", () => {
  it.each([["5.0.14"], ["6.0.16"]])("%s is told of once, however often it is connected to", async (version) => {
    await using server = await OldServer.listen(version);
    const { told, untilRead } = connect(server.url);
    await untilRead(1);
    expect(told).toEqual([version]);
    server.dropClients();
    await untilRead(2);
    expect(told).toEqual([version]);
    server.version = "7.2.4";
    server.dropClients();
    await until(() => told.length > 1, { what: "told of the new version" });
    expect(told).toEqual([version, null]);
  });

  it.each([["6.2.0"], ["7.2.4"], ["10.0.0"]])("is not %s", async (version) => {
    await using server = await OldServer.listen(version);
    const { told, untilRead } = connect(server.url);
    await untilRead(1);
    expect(told).toEqual([]);
  });

  it("is not the one of the tests, and one that does not tell its version is not either", async () => {
    await using real = await startRedisServer();
    const ofReal = connect(real.url);
    await ofReal.untilRead(1);
    await connection?.close();
    await using silent = await OldServer.listen("unknown");
    const ofSilent = connect(silent.url);
    await ofSilent.untilRead(1);
    expect([...ofReal.told, ...ofSilent.told]).toEqual([]);
  });
});
