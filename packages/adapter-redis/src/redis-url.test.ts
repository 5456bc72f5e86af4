import { describe, expect, it } from "vitest";
import { parseRedisUrl } from "./redis-url.ts";

const open = { username: null, password: null, tls: null };
const plainTls = { caFile: null, certificateFile: null, keyFile: null, serverName: null };

describe("a Redis URL", () => {
  it.each([
    {
      url: "redis://127.0.0.1:6380/3",
      target: { ...open, kind: "standalone", nodes: [{ host: "127.0.0.1", port: 6380 }], db: 3 },
    },
    {
      url: "redis://redis",
      target: { ...open, kind: "standalone", nodes: [{ host: "redis", port: 6379 }], db: 0 },
    },
    {
      url: "redis://[::1]:7000",
      target: { ...open, kind: "standalone", nodes: [{ host: "::1", port: 7000 }], db: 0 },
    },
    {
      url: "redis://:p%40ss%2Fword@h",
      target: { ...open, password: "p@ss/word", kind: "standalone", nodes: [{ host: "h", port: 6379 }], db: 0 },
    },
    {
      url: "rediss://tandem:secret@h:6380?ca=/etc/ca.pem&cert=/c.pem&key=/k.pem&servername=redis.example.org",
      target: {
        kind: "standalone",
        nodes: [{ host: "h", port: 6380 }],
        db: 0,
        username: "tandem",
        password: "secret",
        tls: { caFile: "/etc/ca.pem", certificateFile: "/c.pem", keyFile: "/k.pem", serverName: "redis.example.org" },
      },
    },
    {
      url: "sentinel://a:1,b/main?db=2&sentinel-user=watch&sentinel-password=w",
      target: {
        ...open,
        kind: "sentinel",
        nodes: [
          { host: "a", port: 1 },
          { host: "b", port: 26_379 },
        ],
        master: "main",
        db: 2,
        sentinelUsername: "watch",
        sentinelPassword: "w",
      },
    },
    {
      url: "cluster://user:pw@a:1,b:2,c?tls=true",
      target: {
        kind: "cluster",
        username: "user",
        password: "pw",
        tls: plainTls,
        nodes: [
          { host: "a", port: 1 },
          { host: "b", port: 2 },
          { host: "c", port: 6379 },
        ],
      },
    },
  ])("$url is understood", ({ url, target }) => {
    expect(parseRedisUrl(url)).toEqual({ ok: true, value: target });
  });

  it.each([
    { url: "", why: "empty" },
    { url: "http://h", why: "another scheme" },
    { url: "redis://", why: "no host" },
    { url: "redis://a,b", why: "two hosts where one is meant" },
    { url: "redis://h:0", why: "port 0" },
    { url: "redis://h:65536", why: "port beyond 65535" },
    { url: "redis://h/one", why: "database that is no number" },
    { url: "redis://:%zz@h", why: "broken percent-encoding" },
    { url: "sentinel://a:1,b:2", why: "Sentinel without a master's name" },
    { url: "sentinel://a/main?db=x", why: "Sentinel with a database that is no number" },
    { url: "cluster://a:1,,b:2", why: "empty host in a list" },
    { url: "cluster://a:1/2", why: "Cluster with a database" },
  ])("is refused: $why", ({ url }) => {
    expect(parseRedisUrl(url)).toMatchObject({ ok: false, error: { code: "configuration-invalid" } });
  });

  it("is never repeated in a failure, for it may hold a password", () => {
    const failed = parseRedisUrl("redis://user:geheim@h:99999");
    expect(JSON.stringify(failed)).not.toContain("geheim");
  });
});
