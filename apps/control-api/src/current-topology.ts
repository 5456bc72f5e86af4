import type { CompiledTrunk, Failure, Result, Snapshot, Topology } from "@tandem/domain";
import { err, ok } from "@tandem/domain";
import type { DocumentFormat } from "@tandem/topology-document";
import { compileApart } from "@tandem/topology-document/apart";
import type { ControlServices } from "./services.ts";

/** A published topology, compiled. */
export interface CurrentTopology {
  readonly version: number;
  /** When it was published. A registry that lost its data counts from one again, so the version alone does not tell which one it is. */
  readonly atMs: number;
  readonly topology: Topology;
  readonly snapshot: Snapshot;
}

/** Compiling 100 000 routes takes a moment; the compiled form of the publication last seen is kept per service set. */
const compiled = new WeakMap<ControlServices, CurrentTopology>();

/** The topology in force, compiled; null before the first one was published. */
export async function currentTopology(services: ControlServices): Promise<Result<CurrentTopology | null, Failure>> {
  const current = await services.topology.current();
  if (!current.ok) return current;
  if (current.value === null) return ok(null);
  const { version, atMs, json } = current.value;
  const known = compiled.get(services);
  if (known?.version === version && known.atMs === atMs) return ok(known);
  const found = await compileApart(json);
  if (!found.ok) return err({ code: "topology-invalid", detail: `published version ${version} no longer compiles` });
  const inForce = { version, atMs, topology: found.value.topology, snapshot: found.value };
  compiled.set(services, inForce);
  return ok(inForce);
}

/** Telling the two notations apart is the caller's: by Content-Type. */
export function documentFormat(contentType: string | undefined): DocumentFormat {
  return contentType?.includes("json") === true ? "json" : "yaml";
}

/** A trunk of the topology in force, or null. */
export function trunkNamed(inForce: CurrentTopology, name: string): CompiledTrunk | null {
  return inForce.snapshot.trunks.get(name) ?? null;
}
