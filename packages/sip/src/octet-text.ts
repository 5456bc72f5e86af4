/**
 * What the octets of a message, one latin1 character each, mean to people: the text they are in UTF-8 (RFC 3261 §7.3.1, §25.1), else the octets as
 * written. For whatever leaves SIP: mail, XML, a screen.
 */
export function unicodeOf(octets: string): string {
  try {
    return decodeURIComponent(
      octets.replace(/[^]/g, (octet) => `%${octet.charCodeAt(0).toString(16).padStart(2, "0")}`),
    );
  } catch {
    return octets;
  }
}
