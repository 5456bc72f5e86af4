import { FakeLocationDatabase } from "@tandem/call-control/testing";
import { err } from "@tandem/domain";
import { describe, expect, test } from "vitest";
import { importSheet } from "./sheets.ts";

const HEADING =
  "Subnet,ChassisID,PortID,BSSID,Description,HouseNumber,StreetName,City,State,Country,Floor,ERL,ELINs\r\n";
const row = (index: number): string =>
  `10.1.${String(index >> 8)}.${String(index & 255)}/32,,,,desk,1,Main,Albany,NY,US,1,,\r\n`;

/** More than a batch of rows; then the sender is gone, or not. */
async function* sheet(end: "whole" | "cut-off"): AsyncGenerator<Uint8Array> {
  yield Buffer.from(HEADING + Array.from({ length: 1_200 }, (_, index) => row(index)).join(""));
  if (end === "cut-off") throw new Error("aborted");
}

describe("a sheet that is to replace the draft", () => {
  test("leaves nothing behind when its sender is gone half-way", async () => {
    const database = new FakeLocationDatabase();
    await expect(importSheet(database, sheet("cut-off"), "replace")).rejects.toThrow("aborted");
    expect(database.replacements).toEqual({ collecting: 0, abandoned: 1 });
  });

  test("leaves nothing behind when the store is away half-way", async () => {
    const database = new FakeLocationDatabase();
    const begun = database.replacement();
    const away = err({ code: "store-unavailable", detail: "away" } as const);
    let batches = 0;
    database.replacement = () => {
      return { ...begun, add: (rows) => ((batches += 1) === 2 ? Promise.resolve(away) : begun.add(rows)) };
    };
    expect(await importSheet(database, sheet("whole"), "replace")).toEqual(away);
    expect(database.replacements).toEqual({ collecting: 0, abandoned: 1 });
  });

  test("is the draft when it is whole", async () => {
    const database = new FakeLocationDatabase();
    expect(await importSheet(database, sheet("whole"), "replace")).toMatchObject({
      value: { applied: true, rows: 1_200 },
    });
    expect(database.replacements).toEqual({ collecting: 0, abandoned: 0 });
  });
});
