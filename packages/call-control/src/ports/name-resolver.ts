import type { Failure, Result } from "@tandem/domain";

/** Names of gateways to the addresses their requests come from. Every address of every record counts. */
export interface NameResolver {
  /** IPv4 and IPv6 addresses of a host name (or of the targets of its SRV records). An IP literal is its own address. */
  addresses(host: string): Promise<Result<readonly string[], Failure>>;
}
