import { describe, expect, test } from "vitest";
import { parseTopologyDocument } from "../parse-topology-document.ts";
import { checkApart, compileApart } from "./index.ts";

/** A document of so many routes, in priorities that are not in order. */
function documentOf(routes: number, change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    pools: [
      {
        name: "east",
        listeners: [{ name: "l", address: "127.0.0.1", port: 5060, transport: "udp", serves: "callers" }],
      },
    ],
    gateways: [
      { name: "core", kind: "core", address: "10.0.0.1" },
      { name: "pstn", kind: "pstn", address: "10.0.0.2" },
    ],
    trunks: [
      { name: "core", pool: "east", listener: "l", gateway: "core", usages: ["national"] },
      { name: "pstn", pool: "east", listener: "l", gateway: "pstn" },
    ],
    routes: Array.from({ length: routes }, (_, at) => ({
      name: `route-${at}`,
      match: `^\\+1${2_000_000_000 + at}$`,
      usages: ["national"],
      trunks: ["pstn"],
      priority: (at * 7) % 1_000,
    })),
    ...change,
  };
}

const MANY = 2_000;

describe("a topology compiled apart", () => {
  test.each([3, MANY])("of %i routes is the one compiled at once", async (routes) => {
    const json = JSON.stringify(documentOf(routes));
    const apart = await compileApart(json);
    const atOnce = parseTopologyDocument(json, { format: "json" });
    expect(apart.ok && atOnce.ok).toBe(true);
    if (apart.ok && atOnce.ok) expect(apart.value).toEqual(atOnce.value.snapshot);
  });

  test("leaves the process free meanwhile: other work has its turn all the time", async () => {
    const json = JSON.stringify(documentOf(MANY));
    let turns = 0;
    let going = true;
    const work = (): void => {
      turns += 1;
      if (going) setTimeout(work, 1);
    };
    work();
    await compileApart(json);
    going = false;
    // Read, checked and compiled at once, it has one turn, its first; apart about a thousand, and on a machine that others use far fewer.
    expect(turns).toBeGreaterThan(3);
  });

  test("tells what is wrong with path and fix, however long it is", async () => {
    const wrong = documentOf(MANY, { emergency: { trunks: ["nobody"] } });
    const apart = await compileApart(JSON.stringify(wrong));
    if (apart.ok) throw new Error("it was accepted");
    expect(apart.error[0]).toMatchObject({ path: "emergency.trunks[0]", fix: "use one of: core, pstn" });
  });
});

describe("a document checked apart", () => {
  test.each([3, MANY])("of %i routes comes back as it is published, with its warnings", async (routes) => {
    const document = documentOf(routes);
    const checked = await checkApart(JSON.stringify(document), "json");
    const atOnce = parseTopologyDocument(JSON.stringify(document), { format: "json" });
    if (!atOnce.ok) throw new Error("the document is wrong");
    expect(checked).toEqual({ ok: true, value: { json: JSON.stringify(document), warnings: atOnce.value.warnings } });
  });

  test("names line and column of what is not YAML, in a long text too", async () => {
    const text = `pools: []\n${"# nothing\n".repeat(20_000)}routes: [\n`;
    const checked = await checkApart(text, "yaml");
    expect(checked).toMatchObject({ ok: false, error: [{ path: expect.stringMatching(/^line 2000\d/) }] });
  });
});
