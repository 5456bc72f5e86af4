import type { CompiledTrunk, Failure, Result, Snapshot, Topology } from "@tandem/domain";
import { err, ok } from "@tandem/domain";
import type { DocumentFormat } from "@tandem/topology-document";
import { compileApart } from "@tandem/topology-document/apart";
import type { ControlServices } from "./services.ts";

export interface TopologyInForce {
  readonly version: number;
  readonly topology: Topology;
  readonly snapshot: Snapshot;
}

/** Compiling 100 000 routes takes a moment; the compiled form of the version last seen is kept per service set. */
const compiled = new WeakMap<ControlServices, TopologyInForce>();

/** The topology in force, compiled; null before the first one was published. */
export async function currentTopology(services: ControlServices): Promise<Result<TopologyInForce | null, Failure>> {
  const current = await services.topology.current();
  if (!current.ok) return current;
  if (current.value === null) return ok(null);
  const known = compiled.get(services);
  if (known?.version === current.value.version) return ok(known);
  const found = await compileApart(current.value.json);
  if (!found.ok)
    return err({ code: "topology-invalid", detail: `published version ${current.value.version} no longer compiles` });
  const inForce = { version: current.value.version, topology: found.value.topology, snapshot: found.value };
  compiled.set(services, inForce);
  return ok(inForce);
}

/** Telling the two notations apart is the caller's: by Content-Type. */
export function documentFormat(contentType: string | undefined): DocumentFormat {
  return contentType?.includes("json") === true ? "json" : "yaml";
}

/** A trunk of the topology in force, or null. */
export function trunkNamed(inForce: TopologyInForce, name: string): CompiledTrunk | null {
  return inForce.snapshot.trunks.get(name) ?? null;
}
