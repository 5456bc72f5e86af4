import { DOMParser, type Element, type Node } from "@xmldom/xmldom";

/** A location is a few kilobytes; more is not read. */
const MAX_OCTETS = 65_536;
/** Elements and attributes together stay below this, which also bounds the depth and the time that reading takes. */
const MAX_MARKS = 2_000;

/**
 * The root element of an XML document given as its bytes (one character each); null when it is not well-formed, too large, or has a document type: no
 * location format uses one, and it is where entities are defined.
 */
export function xmlRoot(octets: string): Element | null {
  if (octets.length > MAX_OCTETS || isCrowded(octets) || octets.includes("<!DOCTYPE")) return null;
  try {
    return new DOMParser({ onError }).parseFromString(decoded(octets), "application/xml").documentElement;
  } catch {
    return null;
  }
}

function onError(level: "warning" | "error" | "fatalError", message: string): void {
  if (level !== "warning") throw new TypeError(message);
}

function isCrowded(text: string): boolean {
  let marks = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x3c || code === 0x3d) marks += 1;
  }
  return marks > MAX_MARKS;
}

/** UTF-8 unless the declaration says Latin-1; a byte order mark and blanks before the declaration do not matter. */
function decoded(octets: string): string {
  const latin1 = /^[^<]{0,8}<\?xml[^>]{0,80}encoding\s*=\s*["'](?:iso-8859-1|latin1|windows-1252)["']/i.test(octets);
  const text = new TextDecoder(latin1 ? "windows-1252" : "utf-8").decode(Buffer.from(octets, "latin1"));
  return text.trim();
}

/** The elements below, in document order, with that local name; prefixes and namespaces are not asked, as peers get them wrong. */
export function elementsNamed(root: Element, localName: string): readonly Element[] {
  return Array.from(root.getElementsByTagNameNS("*", localName));
}

/** Child elements. */
export function childElements(parent: Element): readonly Element[] {
  return Array.from(parent.childNodes).filter(isElement);
}

/** First child element with that local name. */
export function childNamed(parent: Element, localName: string): Element | undefined {
  return childElements(parent).find((child) => child.localName === localName);
}

/** Text of an element without the blanks around it; empty for none. */
export function textOf(element: Element | undefined): string {
  return element?.textContent?.trim() ?? "";
}

function isElement(node: Node): node is Element {
  return node.nodeType === 1;
}
