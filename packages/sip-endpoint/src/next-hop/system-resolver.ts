import { promises as dns } from "node:dns";
import type { Clock } from "../timers/clock.ts";
import { RecordCache, type Answer } from "./record-cache.ts";
import type { NaptrRecord, Resolver, SrvRecord } from "./resolver.ts";

/** Node tells no TTL for SRV, NAPTR and the host file; these are asked again after this time. */
const UNTOLD_TTL_S = 30;
/** A name that does not exist (RFC 2308 has the SOA decide; Node does not show it). */
const NEGATIVE_TTL_S = 5;
/** RFC 8767 §5 suggests one to three days at most; a gateway that moved should be noticed sooner. */
const STALE_MS = 3_600_000;
const NAMES = 10_000;
const MAX_TTL_S = 86_400;

/** Codes that mean "there is no such record", not "DNS could not be asked". */
const ABSENT = new Set(["ENOTFOUND", "ENODATA", "ENONAME"]);

/** The resolver on node:dns with a cache that keeps to the TTL. */
export function createSystemResolver(clock: Clock): Resolver {
  const options = { names: NAMES, staleMs: STALE_MS };
  const naptr = new RecordCache(askNaptr, clock, options);
  const srv = new RecordCache(askSrv, clock, options);
  const a = new RecordCache((name) => askAddresses(name, 4), clock, options);
  const aaaa = new RecordCache((name) => askAddresses(name, 6), clock, options);
  return {
    naptr: (name) => naptr.get(name),
    srv: (name) => srv.get(name),
    a: (name) => a.get(name),
    aaaa: (name) => aaaa.get(name),
  };
}

function askNaptr(name: string): Promise<Answer<NaptrRecord>> {
  return untold(async () =>
    (await dns.resolveNaptr(name)).map(({ flags, service, replacement, order, preference }) => ({
      flags,
      service,
      replacement,
      order,
      preference,
    })),
  );
}

function askSrv(name: string): Promise<Answer<SrvRecord>> {
  return untold(async () =>
    (await dns.resolveSrv(name)).map(({ priority, weight, port, name: target }) => ({
      priority,
      weight,
      port,
      target,
    })),
  );
}

async function untold<Record>(ask: () => Promise<readonly Record[]>): Promise<Answer<Record>> {
  try {
    return { records: await ask(), ttlS: UNTOLD_TTL_S };
  } catch (error) {
    if (!isAbsent(error)) throw error;
    return { records: [], ttlS: NEGATIVE_TTL_S };
  }
}

async function askAddresses(name: string, family: 4 | 6): Promise<Answer<string>> {
  try {
    const records = family === 4 ? await dns.resolve4(name, { ttl: true }) : await dns.resolve6(name, { ttl: true });
    const ttlS = Math.min(...records.map((record) => record.ttl), MAX_TTL_S);
    return { records: records.map((record) => record.address), ttlS };
  } catch (error) {
    return await askSystem(name, family, error);
  }
}

/** The system's own look-up knows what DNS alone does not: the host file, `localhost`, search domains. */
async function askSystem(name: string, family: 4 | 6, dnsError: unknown): Promise<Answer<string>> {
  try {
    const found = await dns.lookup(name, { family, all: true });
    return { records: [...new Set(found.map((each) => each.address))], ttlS: UNTOLD_TTL_S };
  } catch (error) {
    if (!isAbsent(dnsError) && !isAbsent(error)) throw dnsError;
    return { records: [], ttlS: NEGATIVE_TTL_S };
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" && ABSENT.has(error.code);
}
