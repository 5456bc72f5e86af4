import type { HeaderLine } from "@tandem/sip";
import { beforeEach, describe, expect, test } from "vitest";
import { PreparationRig, type Sketch } from "./preparation-rig.ts";

let rig: PreparationRig;

beforeEach(() => {
  rig = new PreparationRig();
});

describe("who calls, and what the call is called", () => {
  const anonymous = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=x';
  const asserted: HeaderLine = ["P-Asserted-Identity", "<sip:+12125550188@core.example>"];

  test.each<[string, Sketch, string]>([
    ["the number of From", {}, "+12025550100"],
    [
      "the asserted number, whatever privacy was asked (A19)",
      { from: anonymous, headers: [asserted, ["Privacy", "id"]] },
      "+12125550188",
    ],
    ["a stranger asserts nothing", { stranger: true, headers: [asserted] }, "+12025550100"],
    ["nothing is known", { from: anonymous }, "anonymous"],
  ])("%s", async (_, sketch, number) => {
    expect((await rig.prepare(sketch)).callbackNumber).toBe(number);
  });

  test("identifiers are made of the call's own, once and for all", async () => {
    expect(await rig.prepare()).toMatchObject({
      callIdentifier: "urn:emergency:uid:callid:abcdefghijklmnopqrstuvwxyz:tandem.example.com",
      sourceIdentifier: "unguessable1",
    });
    expect((await rig.prepare()).incidentIdentifier).toMatch(
      /^urn:emergency:uid:incidentid:[a-z0-9]{10,32}:tandem\.example\.com$/,
    );
  });

  test("identifiers of the request stay", async () => {
    const info: HeaderLine = ["Call-Info", "<urn:nena:uid:callid:a1:x>;purpose=nena-CallId"];
    expect((await rig.prepare({ headers: [info] })).callIdentifier).toBe("urn:nena:uid:callid:a1:x");
  });
});
