const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/**
 * Text for XML content or an attribute, in ASCII alone: what lies beyond is a character reference, so that it is the same bytes whatever encoding
 * somebody assumes. Characters that XML 1.0 §2.2 does not allow are left out.
 */
export function xmlText(text: string): string {
  let written = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code > 0x7e) written += isXmlCharacter(code) ? `&#x${code.toString(16).toUpperCase()};` : "";
    else if (code >= 0x20 || code === 9) written += ESCAPES[character] ?? character;
    else if (code === 10 || code === 13) written += " ";
  }
  return written;
}

/** An element with text content; nothing at all for no text. */
export function xmlElement(name: string, text: string | null | undefined): string {
  return text === null || text === undefined || text === "" ? "" : `<${name}>${xmlText(text)}</${name}>`;
}

function isXmlCharacter(code: number): boolean {
  if (code >= 0xd800 && code <= 0xdfff) return false;
  return code !== 0xfffe && code !== 0xffff && (code > 0x9f || code === 0x85);
}
