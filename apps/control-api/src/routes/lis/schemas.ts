import { civicFields } from "@tandem/domain";
import { Type } from "typebox";

const Civic = Type.Partial(
  Type.Object(Object.fromEntries(civicFields.map((field) => [field, Type.String({ maxLength: 200 })]))),
  { additionalProperties: false, description: "elements of RFC 5139 in lower case" },
);

/** What a row says, its key left out. */
export const RowContent = Type.Object(
  {
    civic: Civic,
    erl: Type.String({ default: "", maxLength: 64, description: "emergency response location; empty: none" }),
    elins: Type.Array(Type.String(), { default: [], maxItems: 5 }),
    description: Type.String({ default: "", maxLength: 500 }),
  },
  { additionalProperties: false },
);

const KEY = "`bssid:`, `port:<chassis>|<port>`, `chassis:`, `subnet:`, `mac:` or `number:` and its canonical text";

export const Row = Type.Object({
  key: Type.String({ description: KEY }),
  civic: Type.Record(Type.String(), Type.String()),
  erl: Type.String(),
  elins: Type.Array(Type.String()),
  description: Type.String(),
});

export const RowKey = Type.Object({ key: Type.String({ maxLength: 600, description: KEY }) });

export const State = Type.Object({
  draft: Type.Object({ revision: Type.Integer(), rows: Type.Integer() }),
  published: Type.Union([
    Type.Object({
      version: Type.Integer(),
      rows: Type.Integer(),
      author: Type.String(),
      atMs: Type.Number(),
      revision: Type.Integer({ description: "revision of the draft it was made of" }),
    }),
    Type.Null(),
  ]),
});

const Severity = Type.Union([Type.Literal("error"), Type.Literal("warning")]);

const SheetIssue = Type.Object({
  row: Type.Integer({ description: "line of the sheet, the heading being 1" }),
  column: Type.String({ description: "empty: the whole line" }),
  severity: Severity,
  problem: Type.String(),
  fix: Type.String(),
});

export const ImportReport = Type.Object({
  applied: Type.Boolean({ description: "false: the draft is as it was" }),
  rows: Type.Integer({ description: "rows that were read" }),
  errors: Type.Integer(),
  warnings: Type.Integer(),
  issues: Type.Array(SheetIssue, { description: "the first thousand" }),
});

export const CheckReport = Type.Object({
  revision: Type.Integer({ description: "revision of the draft that was looked at" }),
  rows: Type.Integer(),
  errors: Type.Integer(),
  warnings: Type.Integer(),
  issues: Type.Array(
    Type.Object({
      key: Type.String(),
      field: Type.String(),
      severity: Severity,
      problem: Type.String(),
      fix: Type.String(),
    }),
    { description: "the first thousand" },
  ),
});

const identifier = Type.Optional(Type.String({ maxLength: 300 }));

export const Lookup = Type.Object(
  {
    edition: Type.Union([Type.Literal("published"), Type.Literal("draft")], { default: "published" }),
    bssid: identifier,
    chassis: identifier,
    port: identifier,
    address: identifier,
    mac: identifier,
    numbers: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 4 })),
  },
  { additionalProperties: false },
);
