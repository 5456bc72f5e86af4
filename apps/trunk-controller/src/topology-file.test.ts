import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTopologyFile } from "./topology-file.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-topology-file-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const POOLS = `pools:
  - name: main
    listeners:
      - { name: inside, address: 127.0.0.1, port: 5060, transport: udp, serves: callers }
`;
const REST = `gateways: [{ name: core, kind: core, address: 127.0.0.1 }]
trunks: [{ name: to-core, pool: main, listener: inside, gateway: core, port: 5080 }]
emergency:
  fallbackTrunks: [to-core]
  numbers: [{ dial: 911 }]
`;

function put(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function read(...paths: readonly string[]) {
  const found = await createTopologyFile(paths).read();
  if (!found.ok) throw new Error(found.error.detail);
  return found.value;
}

describe("a topology in files", () => {
  it("is one document, whose scalars count as written", async () => {
    const { json } = await read(put("pools.yaml", POOLS), put("document.yaml", REST));
    expect(json.ok && JSON.parse(json.value)).toMatchObject({
      pools: [{ name: "main" }],
      emergency: { numbers: [{ dial: "911" }] },
    });
  });

  it("has another digest when a file changes, and the same when it does not", async () => {
    const [pools, rest] = [put("pools.yaml", POOLS), put("document.yaml", REST)];
    const before = await read(pools, rest);
    expect((await read(pools, rest)).digest).toBe(before.digest);
    put("document.yaml", `name: other\n${REST}`);
    expect((await read(pools, rest)).digest).not.toBe(before.digest);
  });

  it.each([
    ["a key in two files", `${REST}pools: []\n`, /duplicated mapping key/],
    [
      "a trunk on a listener no pool has",
      REST.replace("inside", "outside"),
      /trunks\[0\]\.listener.*use one of: inside/,
    ],
  ])("%s: the problem is told with its place", async (_name, rest, problem) => {
    const { json } = await read(put("pools.yaml", POOLS), put("document.yaml", rest));
    expect(json.ok ? "" : json.error.join("\n")).toMatch(problem);
  });

  it("tells what is doubtful in it: two edges, and no name that peers know them all by", async () => {
    const pools = put("pools.yaml", POOLS.replace("name: main", "name: main\n    edges: 2"));
    const { json, warnings } = await read(pools, put("document.yaml", REST));
    expect(json.ok).toBe(true);
    expect(warnings).toContainEqual(expect.stringMatching(/^pools\[0\]\.fqdn is missing, and the pool has 2 edges/));
  });

  it("is not read again while a read is under way", async () => {
    const file = createTopologyFile([put("pools.yaml", POOLS), put("document.yaml", REST)]);
    const first = file.read();
    expect(file.read()).toBe(first);
    await first;
    expect(file.read()).not.toBe(first);
  });

  it("a file that is not there is a failure", async () => {
    const missing = await createTopologyFile([join(folder, "none.yaml")]).read();
    expect(missing).toMatchObject({ ok: false, error: { code: "configuration-invalid" } });
  });
});
