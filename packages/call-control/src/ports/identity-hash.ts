/**
 * SHA-256 of the text (latin1 bytes), first 130 bits as 26 lower-case base32 characters (RFC 4648 alphabet). Injected because the packages
 * around it have no platform; the same in every worker, or redelivered calls are not found.
 */
export type IdentityHash = (text: string) => string;
