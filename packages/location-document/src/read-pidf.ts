import { civicAddress, type PidfLocation } from "@tandem/domain";
import type { Element } from "@xmldom/xmldom";
import { childElements, childNamed, elementsNamed, textOf, xmlRoot } from "./xml-document.ts";

/** Shapes of RFC 5491 §5. */
const SHAPES: ReadonlySet<string> = new Set([
  "Point",
  "Circle",
  "Polygon",
  "Ellipse",
  "ArcBand",
  "Sphere",
  "Ellipsoid",
  "Prism",
]);

/** A coordinate (degrees) or a height (metres). */
const NUMBER = /^[+-]?\d{1,10}(?:\.\d{1,20})?$/;

/** Reads a location document: the domain's `PidfReader`. */
export function readPidf(octets: string): PidfLocation | null {
  const root = xmlRoot(octets);
  return root === null ? null : pidfIn(root);
}

/**
 * The location in a document: of several, the first that says where it is counts (RFC 5491 §3.4, §3.5), be it of a tuple, a device or a person. An address
 * outside any geopriv is better than none.
 */
export function pidfIn(root: Element): PidfLocation | null {
  const objects = root.localName === "geopriv" ? [root] : elementsNamed(root, "geopriv");
  for (const object of objects) {
    const location = locationIn(object, methodOf(object));
    if (location !== null) return location;
  }
  return objects.length > 0 ? null : locationIn(root, textOf(elementsNamed(root, "method")[0]) || null);
}

function methodOf(geopriv: Element): string | null {
  return textOf(childNamed(geopriv, "method") ?? elementsNamed(geopriv, "method")[0]) || null;
}

function locationIn(within: Element, method: string | null): PidfLocation | null {
  const civic = elementsNamed(within, "civicAddress")[0];
  const address = civic === undefined ? {} : civicIn(civic);
  const geodetic = [...SHAPES].some((shape) => elementsNamed(within, shape).length > 0);
  const hasAddress = Object.keys(address).length > 0;
  if (!hasAddress && !geodetic) return null;
  return { method, civic: hasAddress ? address : null, geodetic, position: geodetic ? positionIn(within) : null };
}

/** A `pos`, or the first of a `posList`: a polygon's corner says where it is well enough for people to find the rest. */
function positionIn(within: Element): string | null {
  const [written] = [...elementsNamed(within, "pos"), ...elementsNamed(within, "posList")];
  const numbers = textOf(written)
    .split(/\s+/)
    .filter((part) => part !== "");
  const isPosition = numbers.length >= 2 && numbers.slice(0, 3).every((part) => NUMBER.test(part));
  if (!isPosition) return null;
  return numbers.slice(0, written?.localName === "pos" ? 3 : 2).join(" ");
}

function civicIn(element: Element): ReturnType<typeof civicAddress> {
  const fields: Record<string, string> = {};
  for (const child of childElements(element)) {
    const name = (child.localName ?? "").toLowerCase();
    fields[name] ??= textOf(child);
  }
  return civicAddress(fields);
}
