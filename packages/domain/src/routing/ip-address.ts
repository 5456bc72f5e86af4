/** An address as a number, so that spellings do not matter. IPv4-mapped IPv6 (`::ffff:192.0.2.1`) is the IPv4 address. */
export interface IpAddress {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** A block of addresses; a single address is a block of full length. */
export interface IpBlock extends IpAddress {
  readonly prefixLength: number;
}

/** Reads an IPv4 or IPv6 literal (IPv6 with or without brackets); null for anything else. */
export function parseIpAddress(text: string): IpAddress | null {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  return bare.includes(":") ? parseIpv6(bare) : parseIpv4(bare);
}

/** Reads an address or a CIDR block (`192.0.2.0/24`, `2001:db8::/32`); host bits must be zero. */
export function parseIpBlock(text: string): IpBlock | null {
  const [literal = "", length, ...more] = text.split("/");
  const address = parseIpAddress(literal);
  if (address === null || more.length > 0) return null;
  if (length === undefined) return { ...address, prefixLength: address.bits };
  const prefixLength = /^\d{1,3}$/.test(length) ? Number(length) : Infinity;
  if (prefixLength > address.bits) return null;
  const block = { ...address, prefixLength };
  return (address.value & hostMask(block)) === 0n ? block : null;
}

/** True when the block holds the address. */
export function blockHolds(block: IpBlock, address: IpAddress): boolean {
  if (block.bits !== address.bits) return false;
  const free = BigInt(block.bits - block.prefixLength);
  return address.value >> free === block.value >> free;
}

function hostMask(block: IpBlock): bigint {
  return (1n << BigInt(block.bits - block.prefixLength)) - 1n;
}

function parseIpv4(text: string): IpAddress | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  let value = 0;
  for (const part of parts) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    value = value * 256 + Number(part);
  }
  return { bits: 32, value: BigInt(value) };
}

function parseIpv6(text: string): IpAddress | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] ?? "");
  const tail = groupsOf(halves[1] ?? "");
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  const value = groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
  return value >> 32n === 0xffffn ? { bits: 32, value: value & 0xffff_ffffn } : { bits: 128, value };
}

/** 16-bit groups of one side of `::`; a dotted quad may end it (RFC 4291 §2.2). */
function groupsOf(side: string): readonly number[] | null {
  if (side === "") return [];
  const groups: number[] = [];
  const parts = side.split(":");
  for (const [position, part] of parts.entries()) {
    const quad = position === parts.length - 1 && part.includes(".") ? parseIpv4(part) : null;
    if (quad !== null) groups.push(Number(quad.value >> 16n), Number(quad.value & 0xffffn));
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}
