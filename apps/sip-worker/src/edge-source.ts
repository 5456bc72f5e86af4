import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { EdgeTexts } from "@tandem/adapter-drachtio/client";
import { err, ok, type Failure, type Result } from "@tandem/domain";
import { formatSocketAddress } from "@tandem/runtime";
import { edgeTable, type WorkerConfig } from "./config.ts";

/** Where edges are told from. */
export interface EdgeSource {
  /** Pools that have edges; a pool that comes later needs its workers to start again. */
  readonly pools: readonly string[];
  /** As of now. Rejects when a file cannot be read just now: what was known stays. */
  readonly read: () => Promise<EdgeTexts>;
}

type Given = Pick<WorkerConfig, "edges" | "pool" | "edge">;

/** Opens the configured table, or the file of one; a file that cannot be used now is a wrong configuration. A fused worker does not count itself. */
export function openEdgeSource(given: Given): Result<EdgeSource, Failure> {
  const { edges, pool, edge } = given;
  const own = edge === null ? null : formatSocketAddress(edge.admin);
  const poolsOf = (table: EdgeTexts): readonly string[] => [...new Set([pool, ...Object.keys(table)])];
  if (edges.kind === "table") return ok({ pools: poolsOf(edges.table), read: () => Promise.resolve(edges.table) });
  try {
    const first = parse(readFileSync(edges.file, "utf8"));
    if (edge === null && first[pool] === undefined) return wrong("the file has no edges of the own pool");
    const read = async (): Promise<EdgeTexts> => without(parse(await readFile(edges.file, "utf8")), own);
    return ok({ pools: poolsOf(first), read });
  } catch {
    return wrong("the file cannot be read, or is no JSON of edges by pool");
  }
}

function parse(text: string): EdgeTexts {
  return edgeTable.parse(JSON.parse(text));
}

function without(table: EdgeTexts, own: string | null): EdgeTexts {
  return Object.fromEntries(
    Object.entries(table).map(([pool, addresses]) => [pool, addresses.filter((each) => each !== own)]),
  );
}

function wrong(problem: string): Result<EdgeSource, Failure> {
  return err({ code: "configuration-invalid", detail: `TANDEM_EDGES_FILE: ${problem}` });
}
