/** The elements of a civic address (RFC 5139 §3.1) in the order of their schema, in lower case. */
export const civicFields = [
  "country",
  "a1",
  "a2",
  "a3",
  "a4",
  "a5",
  "a6",
  "prm",
  "prd",
  "rd",
  "sts",
  "pod",
  "pom",
  "rdsec",
  "rdbr",
  "rdsubbr",
  "hno",
  "hns",
  "lmk",
  "loc",
  "flr",
  "nam",
  "pc",
  "bld",
  "unit",
  "room",
  "seat",
  "plc",
  "pcn",
  "pobox",
  "addcode",
] as const;

export type CivicField = (typeof civicFields)[number];

/** A civic address. Only elements that say something are there: no empty text. */
export type CivicAddress = Readonly<Partial<Record<CivicField, string>>>;

/** The element's name on the wire: upper case, but for `country`. */
export function civicElement(field: CivicField): string {
  return field === "country" ? field : field.toUpperCase();
}

/** The known elements of any record, trimmed, in the order of the schema; what is empty or unknown is left out. */
export function civicAddress(fields: Readonly<Record<string, string | undefined>>): CivicAddress {
  const address: Partial<Record<CivicField, string>> = {};
  for (const field of civicFields) {
    const text = fields[field]?.trim() ?? "";
    if (text !== "") address[field] = text;
  }
  return address;
}
