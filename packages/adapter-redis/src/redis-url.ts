import { err, ok, type Failure, type Result } from "@tandem/domain";

/** Where Redis is, read from one URL. Credentials and TLS are the same for every node of a Sentinel or Cluster set. */
export type RedisTarget =
  | (RedisAccess & { readonly kind: "standalone"; readonly nodes: readonly [RedisNode]; readonly db: number })
  | SentinelTarget
  | (RedisAccess & { readonly kind: "cluster"; readonly nodes: readonly RedisNode[] });

export interface SentinelTarget extends RedisAccess {
  readonly kind: "sentinel";
  /** The Sentinels. */
  readonly nodes: readonly RedisNode[];
  readonly master: string;
  readonly db: number;
  readonly sentinelUsername: string | null;
  readonly sentinelPassword: string | null;
}

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

interface RedisAccess {
  /** ACL user; null: the default user. */
  readonly username: string | null;
  readonly password: string | null;
  readonly tls: RedisTls | null;
}

/** PEM files by path; what is null is Node's default. */
export interface RedisTls {
  readonly caFile: string | null;
  readonly certificateFile: string | null;
  readonly keyFile: string | null;
  readonly serverName: string | null;
}

const FORM =
  /^(?<scheme>rediss?|sentinel|cluster):\/\/(?:(?<access>[^@/?#]*)@)?(?<hosts>[^/?#]+)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/;
const HOST = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<name>[^:[\]\s]+))(?::(?<port>\d{1,5}))?$/;
const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;

/**
 * Reads `redis://[user:password@]host[:port][/db]`, `rediss://…` (TLS), `sentinel://host[:port],…/<master name>` and `cluster://host[:port],…`.
 * User and password are percent-encoded. Query parameters: `tls=true` (Sentinel and Cluster), `ca`, `cert`, `key` (PEM file paths), `servername`,
 * and for Sentinel `db`, `sentinel-user`, `sentinel-password`. The failure (`configuration-invalid`) never repeats the URL, which may hold a password.
 */
export function parseRedisUrl(url: string): Result<RedisTarget, Failure> {
  const parts = FORM.exec(url)?.groups;
  const scheme = parts?.["scheme"];
  if (parts === undefined || scheme === undefined) {
    return invalid("expected redis://, rediss://, sentinel:// or cluster:// with at least one host");
  }
  const query = new URLSearchParams(parts["query"] ?? "");
  const nodes = readNodes(parts["hosts"] ?? "", scheme === "sentinel" ? SENTINEL_PORT : REDIS_PORT);
  if (nodes === null) return invalid("a host is empty or a port is not 1–65535");
  const access = readAccess(parts["access"] ?? "", readTls(scheme, query));
  if (access === null) return invalid("user or password is not percent-encoded");
  const path = parts["path"] ?? "";
  switch (scheme) {
    case "sentinel":
      return sentinel({ access, nodes, master: path, query });
    case "cluster":
      if (path !== "") return invalid("a Cluster has no database number");
      return ok({ ...access, kind: "cluster", nodes });
    default:
      return standalone({ access, nodes, path });
  }
}

function sentinel(found: {
  readonly access: RedisAccess;
  readonly nodes: readonly RedisNode[];
  readonly master: string;
  readonly query: URLSearchParams;
}): Result<RedisTarget, Failure> {
  const db = readDb(found.query.get("db") ?? "");
  if (found.master === "") return invalid("sentinel:// needs the master's name after the hosts");
  if (db === null) return invalid("the database is not a number from 0");
  return ok({
    ...found.access,
    kind: "sentinel",
    nodes: found.nodes,
    master: found.master,
    db,
    sentinelUsername: found.query.get("sentinel-user"),
    sentinelPassword: found.query.get("sentinel-password"),
  });
}

function standalone(found: {
  readonly access: RedisAccess;
  readonly nodes: readonly RedisNode[];
  readonly path: string;
}): Result<RedisTarget, Failure> {
  const [node, ...more] = found.nodes;
  const db = readDb(found.path);
  if (node === undefined || more.length > 0) return invalid("redis:// takes one host; use sentinel:// or cluster://");
  if (db === null) return invalid("the database is not a number from 0");
  return ok({ ...found.access, kind: "standalone", nodes: [node], db });
}

function readNodes(hosts: string, defaultPort: number): readonly RedisNode[] | null {
  const nodes: RedisNode[] = [];
  for (const one of hosts.split(",")) {
    const groups = HOST.exec(one)?.groups;
    const host = groups?.["v6"] ?? groups?.["name"];
    const port = Number(groups?.["port"] ?? defaultPort);
    if (host === undefined || port < 1 || port > 65_535) return null;
    nodes.push({ host, port });
  }
  return nodes;
}

function readAccess(access: string, tls: RedisTls | null): RedisAccess | null {
  const colon = access.indexOf(":");
  const user = colon < 0 ? access : access.slice(0, colon);
  const password = colon < 0 ? "" : access.slice(colon + 1);
  try {
    return {
      username: user === "" ? null : decodeURIComponent(user),
      password: password === "" ? null : decodeURIComponent(password),
      tls,
    };
  } catch {
    return null;
  }
}

function readTls(scheme: string, query: URLSearchParams): RedisTls | null {
  if (scheme !== "rediss" && query.get("tls") !== "true") return null;
  return {
    caFile: query.get("ca"),
    certificateFile: query.get("cert"),
    keyFile: query.get("key"),
    serverName: query.get("servername"),
  };
}

function readDb(text: string): number | null {
  if (text === "") return 0;
  return /^\d{1,4}$/.test(text) ? Number(text) : null;
}

function invalid(detail: string): Result<never, Failure> {
  return err({ code: "configuration-invalid", detail: `Redis URL: ${detail}` });
}
