/**
 * DNS as RFC 3263 needs it. Every method gives an empty list when the name has no such record, and rejects only when DNS could not be
 * asked (no server, SERVFAIL, timeout). Names are without the trailing dot.
 */
export interface Resolver {
  naptr(name: string): Promise<readonly NaptrRecord[]>;
  srv(name: string): Promise<readonly SrvRecord[]>;
  /** IPv4 addresses. */
  a(name: string): Promise<readonly string[]>;
  /** IPv6 addresses. */
  aaaa(name: string): Promise<readonly string[]>;
}

export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  /** `s`, `a`, … in any case. */
  readonly flags: string;
  /** `SIP+D2U`, `SIP+D2T`, `SIPS+D2T`, … in any case. */
  readonly service: string;
  readonly replacement: string;
}

export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}
