import { createServer, type AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { findRedisProblem, redisHosts } from "./redis-check.ts";

describe("redisHosts", () => {
  it.each([
    ["redis://127.0.0.1:6380/2", [{ host: "127.0.0.1", port: 6380 }]],
    ["redis://cache", [{ host: "cache", port: 6379 }]],
    ["rediss://user:p%40ss@cache:6390", [{ host: "cache", port: 6390 }]],
    ["redis://[::1]:6379", [{ host: "::1", port: 6379 }]],
    [
      "sentinel://a:26379,b:26379/tandem",
      [
        { host: "a", port: 26_379 },
        { host: "b", port: 26_379 },
      ],
    ],
    ["cluster://:secret@a:7000", [{ host: "a", port: 7000 }]],
    ["http://cache:6379", null],
    ["cache:6379", null],
    ["redis://", null],
  ])("%s", (url, hosts) => expect(redisHosts(url)).toEqual(hosts));
});

describe("findRedisProblem", () => {
  it("nobody listens: one sentence with the address, exit code 69; one host of several is enough", async () => {
    const server = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    expect(await findRedisProblem(`redis://127.0.0.1:${port}`)).toBeNull();
    expect(await findRedisProblem(`cluster://127.0.0.1:1,127.0.0.1:${port}`)).toBeNull();
    await new Promise((resolve) => server.close(resolve));
    expect(await findRedisProblem(`redis://127.0.0.1:${port}`)).toEqual({
      exitCode: 69,
      sentence: `Redis at 127.0.0.1:${port} cannot be reached (ECONNREFUSED).`,
    });
  });
});
