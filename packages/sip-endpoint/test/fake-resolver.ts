import type { NaptrRecord, Resolver, SrvRecord } from "../src/next-hop/resolver.ts";

export interface Zone {
  readonly naptr?: Readonly<Record<string, readonly NaptrRecord[]>>;
  readonly srv?: Readonly<Record<string, readonly SrvRecord[]>>;
  readonly a?: Readonly<Record<string, readonly string[]>>;
  readonly aaaa?: Readonly<Record<string, readonly string[]>>;
}

/** DNS from a table; remembers the questions. */
export class FakeResolver implements Resolver {
  readonly questions: string[] = [];
  private readonly zone: Zone;

  constructor(zone: Zone) {
    this.zone = zone;
  }

  naptr(name: string): Promise<readonly NaptrRecord[]> {
    return this.answer("NAPTR", name, this.zone.naptr?.[name]);
  }

  srv(name: string): Promise<readonly SrvRecord[]> {
    return this.answer("SRV", name, this.zone.srv?.[name]);
  }

  a(name: string): Promise<readonly string[]> {
    return this.answer("A", name, this.zone.a?.[name]);
  }

  aaaa(name: string): Promise<readonly string[]> {
    return this.answer("AAAA", name, this.zone.aaaa?.[name]);
  }

  private answer<Record>(type: string, name: string, records: readonly Record[] = []): Promise<readonly Record[]> {
    this.questions.push(`${type} ${name}`);
    return Promise.resolve(records);
  }
}

/** DNS that cannot be asked. */
export const brokenResolver: Resolver = {
  naptr: () => Promise.reject(new Error("SERVFAIL")),
  srv: () => Promise.reject(new Error("SERVFAIL")),
  a: () => Promise.reject(new Error("SERVFAIL")),
  aaaa: () => Promise.reject(new Error("SERVFAIL")),
};

/** An SRV record. */
export function srv(target: string, port: number, priority = 1, weight = 0): SrvRecord {
  return { target, port, priority, weight };
}
