import { civicAddress, type CivicAddress } from "../location/civic-address.ts";
import type { LisKey } from "./lis-key.ts";

/** One row of the location database. */
export interface LisRow {
  readonly key: LisKey;
  readonly civic: CivicAddress;
  /** Emergency response location; empty: the row names none. */
  readonly erl: string;
  /** Emergency location identification numbers of the address, `+` and digits. */
  readonly elins: readonly string[];
  /** For people. */
  readonly description: string;
}

/** Something that is wrong with a row. */
export interface LisRowIssue {
  /** Column or field it is about. */
  readonly field: string;
  readonly severity: "error" | "warning";
  readonly problem: string;
  readonly fix: string;
}

/** NENA: five are what gateways take. */
const MAX_ELINS = 5;
/** An element longer than this is no address. */
const MAX_CIVIC_TEXT = 200;

/** An emergency location identification number as `+` and digits; null for anything else. Ten digits are North American. */
export function canonicalElin(text: string): string | null {
  const digits = text.trim().replace(/[\s().-]/g, "");
  if (/^\+[1-9]\d{6,14}$/.test(digits)) return digits;
  if (/^1?[2-9]\d{9}$/.test(digits)) return `+${digits.length === 10 ? "1" : ""}${digits}`;
  // The digits of a site's own numbering, as the product class lets them be written (`111-222-3333`).
  return /^1?\d{10}$/.test(digits) ? `+1${digits.slice(-10)}` : null;
}

/**
 * ELINs that stand where the product class keeps them: in the company's name, several separated by `;` (`111-222-3333; 1112223334`). Empty when the
 * name is a name.
 */
export function elinsOfName(name: string): readonly string[] {
  const parts = name.split(";").map((part) => part.trim());
  const elins = parts.map(canonicalElin);
  return elins.every((elin): elin is string => elin !== null) ? elins : [];
}

/** What keeps a row from being published, and what deserves a look. `erls`: names the topology knows; null when it cannot be asked. */
export function checkLisRow(row: LisRow, erls: ReadonlySet<string> | null): readonly LisRowIssue[] {
  return [...checkAddress(row.civic), ...checkNumbers(row), ...checkErl(row, erls)];
}

/** What a dispatcher needs at the least: country, state, city, street and house number, or the like (47 CFR 9.3: "street address"). */
function checkAddress(civic: CivicAddress): readonly LisRowIssue[] {
  const issues: LisRowIssue[] = [];
  const missing = (field: string, what: string): void => {
    issues.push({ field, severity: "error", problem: `the address has no ${what}`, fix: `fill in ${field}` });
  };
  if (civic.country === undefined) missing("country", "country");
  else if (!/^[A-Z]{2}$/.test(civic.country)) {
    issues.push({
      field: "country",
      severity: "error",
      problem: `"${civic.country}" is no country code`,
      fix: "write the two capital letters of ISO 3166, e.g. US",
    });
  }
  if (civic.a1 === undefined) missing("state", "state or province");
  if (civic.a3 === undefined && civic.a4 === undefined) missing("city", "city");
  if (civic.rd === undefined && civic.lmk === undefined) missing("street", "street");
  if (civic.hno === undefined && civic.lmk === undefined) missing("houseNumber", "house number");
  if (civic.loc === undefined && civic.flr === undefined && civic.room === undefined && civic.unit === undefined) {
    issues.push({
      field: "location",
      severity: "warning",
      problem: "the address says nothing of where in the building",
      fix: "fill in location, floor or room unless the building is one room",
    });
  }
  for (const [field, text] of Object.entries(civic)) {
    if (text.length <= MAX_CIVIC_TEXT) continue;
    issues.push({ field, severity: "error", problem: `longer than ${MAX_CIVIC_TEXT} characters`, fix: "shorten it" });
  }
  return issues;
}

function checkNumbers({ elins }: LisRow): readonly LisRowIssue[] {
  const issues: LisRowIssue[] = [];
  if (elins.length > MAX_ELINS) {
    issues.push({
      field: "elins",
      severity: "error",
      problem: `${elins.length} ELINs`,
      fix: `an address has at most ${MAX_ELINS}`,
    });
  }
  if (new Set(elins).size < elins.length) {
    issues.push({ field: "elins", severity: "error", problem: "an ELIN stands twice", fix: "leave one out" });
  }
  return issues;
}

function checkErl({ erl }: LisRow, erls: ReadonlySet<string> | null): readonly LisRowIssue[] {
  if (erl === "" || erls === null || erls.has(erl)) return [];
  const fix = "name one of emergency.erls, or leave it empty";
  return [{ field: "erl", severity: "error", problem: `the topology has no ERL "${erl}"`, fix }];
}

/** The row as it is kept under its key. */
export function serialiseLisRow({ civic, erl, elins, description }: LisRow): string {
  return JSON.stringify({
    c: civic,
    ...(erl === "" ? {} : { e: erl }),
    ...(elins.length === 0 ? {} : { n: elins }),
    ...(description === "" ? {} : { d: description }),
  });
}

/** Reads a kept row; null for what this release cannot read. */
export function parseLisRow(key: LisKey, text: string): LisRow | null {
  let kept: unknown;
  try {
    kept = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof kept !== "object" || kept === null || !("c" in kept) || typeof kept.c !== "object" || kept.c === null)
    return null;
  const { c, e, n, d } = kept as { c: Record<string, string>; e?: unknown; n?: unknown; d?: unknown };
  return {
    key,
    civic: civicAddress(Object.fromEntries(Object.entries(c).filter(([, value]) => typeof value === "string"))),
    erl: typeof e === "string" ? e : "",
    elins: Array.isArray(n) ? n.filter((each): each is string => typeof each === "string") : [],
    description: typeof d === "string" ? d : "",
  };
}
