import { parseConfiguration } from "@tandem/runtime";
import type { z } from "zod";
import { containersOf, startedWith } from "./container-environment.ts";
import { podSpec, workloads, type Manifest } from "./manifests.ts";

/** A container with one of our processes in it. */
export type Process = readonly [workload: Manifest, container: string];

/** Container → the application whose configuration it is. Apps export nothing, so their schemas are taken where they lie. */
const SCHEMAS: Readonly<Record<string, readonly [file: string, name: string]>> = {
  edge: ["sip-edge", "edgeSchema"],
  worker: ["sip-worker", "workerSchema"],
  controller: ["trunk-controller", "controllerSchema"],
  "media-mixer": ["media-mixer", "mixerSchema"],
  "control-api": ["control-api", "controlApiSchema"],
};

/** What reads the environment of the process in a container of that name. */
export async function schemaOf(container: string): Promise<z.ZodType> {
  const [app, name] = SCHEMAS[container] ?? ["", ""];
  const path = new URL(`../../../apps/${app}/src/config.ts`, import.meta.url).href;
  const loaded = (await import(path)) as Readonly<Record<string, z.ZodType>>;
  const schema = loaded[name];
  if (schema === undefined) throw new Error(`apps/${app} has no ${name}`);
  return schema;
}

/** Every process of the manifests. */
export function processesIn(manifests: readonly Manifest[]): readonly Process[] {
  return workloads(manifests).flatMap((workload) =>
    containersOf(workload).flatMap((each) =>
      each in SCHEMAS && !isStockServer(workload, each) ? [[workload, each] as const] : [],
    ),
  );
}

/** What the processes would say of the environments they are started with, one sentence each. */
export async function environmentProblems(manifests: readonly Manifest[]): Promise<readonly string[]> {
  const problems = await Promise.all(
    processesIn(manifests).map(async ([workload, container]) => {
      const read = parseConfiguration(await schemaOf(container), startedWith(workload, container));
      return read.ok ? [] : read.problems.map((problem) => `${workload.metadata.name}/${container}: ${problem}`);
    }),
  );
  return problems.flat();
}

/** A stock drachtio-server in the edge's place reads none of our variables; stock-server.test.ts is about it. */
function isStockServer(workload: Manifest, container: string): boolean {
  const found = podSpec(workload).containers.find(({ name }: { readonly name: string }) => name === container);
  return found?.command?.[0] === "drachtio";
}
