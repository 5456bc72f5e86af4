import { expect, test } from "vitest";
import { compilePublished } from "./index.ts";

test("of a published document that does not compile the errors are told, each as its path and what is wrong", async () => {
  const compiled = await compilePublished(JSON.stringify({ pools: [], gateways: [] }));
  if (compiled.ok) throw new Error("it was accepted");
  expect(compiled.error).toContain("trunks is missing");
});

test("of one that is no JSON, too", async () => {
  expect(await compilePublished("{")).toMatchObject({ ok: false });
});
