import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { compileInSteps, err, ok, type Result, type Route, type Snapshot, type TopologyIssue } from "@tandem/domain";
import { parseTopologyDocument } from "../parse-topology-document.ts";
import type { DocumentFormat } from "../read-document.ts";
import { inSlices, nextTurn } from "./in-slices.ts";
import { NEXT, type Part, type Task } from "./messages.ts";

type Issues = readonly TopologyIssue[];

/** A document that compiles. */
export interface CheckedDocument {
  /** What is published of it: plain JSON. */
  readonly json: string;
  readonly warnings: Issues;
}

/** Documents up to this length are read at once, in some 20 ms; a thread costs more. */
const SMALL_LENGTH = 100_000;

/**
 * Compiles a published document without holding up the process for longer than some 10 ms at a time: a large one is read and checked in a thread of its own,
 * comes over in parts, and is compiled in slices. A thread that cannot do it is an issue like any other.
 */
export async function compileApart(json: string): Promise<Result<Snapshot, Issues>> {
  if (json.length <= SMALL_LENGTH) {
    const parsed = parseTopologyDocument(json, { format: "json" });
    return parsed.ok ? ok(parsed.value.snapshot) : parsed;
  }
  return inThread({ text: json, format: "json", topology: true }, async (next) => {
    const first = await next();
    if (first.kind === "refused") return err(first.issues);
    if (first.kind !== "topology") return err([lost("it sent no topology")]);
    const routes: Route[] = [];
    for (let part = await next(); part.kind === "routes"; part = await next()) {
      for (const route of part.routes) routes.push(route);
      await nextTurn();
    }
    return ok(await inSlices(compileInSteps({ ...first.topology, routes }, first.warnings)));
  });
}

/** Reads and checks a document that somebody wrote, in the same way. */
export async function checkApart(text: string, format: DocumentFormat): Promise<Result<CheckedDocument, Issues>> {
  if (text.length <= SMALL_LENGTH) {
    const parsed = parseTopologyDocument(text, { format });
    if (!parsed.ok) return parsed;
    return ok({ json: JSON.stringify(parsed.value.document), warnings: parsed.value.warnings });
  }
  return inThread({ text, format, topology: false }, async (next) => {
    const part = await next();
    if (part.kind === "refused") return err(part.issues);
    return part.kind === "checked"
      ? ok({ json: part.json, warnings: part.warnings })
      : err([lost("it sent no answer")]);
  });
}

type NextPart = () => Promise<Part>;

async function inThread<T>(
  task: Task,
  use: (next: NextPart) => Promise<Result<T, Issues>>,
): Promise<Result<T, Issues>> {
  // The extension is the one this file has: .ts in development, .js in an image.
  const file = new URL(`./thread${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url);
  const thread = new Worker(file, { workerData: task, name: "topology" });
  try {
    return await use(() => askFor(thread));
  } catch (error) {
    return err([lost(error instanceof Error ? error.message : String(error))]);
  } finally {
    await thread.terminate();
  }
}

/** The next part; rejects when the thread is gone. */
async function askFor(thread: Worker): Promise<Part> {
  const over = new AbortController();
  const { signal } = over;
  const answer = once(thread, "message", { signal });
  const exit = once(thread, "exit", { signal });
  thread.postMessage(NEXT, []);
  try {
    const [first] = await Promise.race([answer, exit]);
    if (typeof first === "number") throw new Error(`exit code ${first}`);
    return first as Part;
  } finally {
    over.abort();
    await Promise.allSettled([answer, exit]);
  }
}

/** Out of memory, most likely. */
function lost(detail: string): TopologyIssue {
  return { severity: "error", path: "document", problem: `could not be read: ${detail}`, fix: "publish a smaller one" };
}
