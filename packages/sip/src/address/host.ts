import { CHAR, codeAt, isDigits } from "../characters.ts";

/**
 * The host that starts at `at` as written: a name, an IPv4 address or a bracketed IPv6 reference (RFC 3261 §25.1). Underscores are let through,
 * as names in the field have them. Undefined when none is there.
 */
export function readHost(text: string, at: number): string | undefined {
  if (codeAt(text, at) === CHAR.openBracket) {
    const close = text.indexOf("]", at);
    if (close < 0) return undefined;
    const host = text.slice(at, close + 1);
    return expandIpv6(host.slice(1, -1)) === undefined ? undefined : host;
  }
  let end = at;
  while (isHostCharacter(codeAt(text, end))) end++;
  return end > at ? text.slice(at, end) : undefined;
}

/** The host in a form that is equal for equal hosts: lower case, IPv6 written out in full (RFC 5954 §4.2). */
export function canonicalHost(host: string): string {
  if (!host.startsWith("[")) return host.toLowerCase();
  return expandIpv6(host.slice(1, -1)) ?? host.toLowerCase();
}

/** An IPv6 address (no brackets) as eight groups of four hex digits, or undefined when it is none. */
export function expandIpv6(address: string): string | undefined {
  const text = withIpv4AsGroups(address);
  if (text === undefined || text.length > 39) return undefined;
  const gap = text.indexOf("::");
  const left = groups(gap < 0 ? text : text.slice(0, gap));
  const right = gap < 0 ? [] : groups(text.slice(gap + 2));
  if (left === undefined || right === undefined) return undefined;
  const missing = 8 - left.length - right.length;
  if (gap < 0 ? missing !== 0 : missing < 1) return undefined;
  return [...left, ...Array<string>(missing).fill("0000"), ...right].join(":");
}

function isHostCharacter(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 48 && code <= 57) ||
    (code >= 65 && code <= 90) ||
    code === 46 ||
    code === 45 ||
    code === 95
  );
}

function groups(text: string): readonly string[] | undefined {
  if (text === "") return [];
  const list = text.split(":");
  if (!list.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return list.map((group) => group.toLowerCase().padStart(4, "0"));
}

/** Rewrites a trailing dotted quad (`::ffff:192.0.2.1`) as two groups. */
function withIpv4AsGroups(address: string): string | undefined {
  if (!address.includes(".")) return address;
  const start = address.lastIndexOf(":") + 1;
  const bytes = address.slice(start).split(".");
  if (start === 0 || bytes.length !== 4) return undefined;
  if (!bytes.every((byte) => isDigits(byte) && byte.length <= 3 && Number(byte) <= 255)) return undefined;
  const hex = bytes.map((byte) => Number(byte).toString(16).padStart(2, "0")).join("");
  return `${address.slice(0, start)}${hex.slice(0, 4)}:${hex.slice(4)}`;
}
