import { parentPort, workerData } from "node:worker_threads";
import { parseTopologyDocument } from "../parse-topology-document.ts";
import type { Part, Task } from "./messages.ts";

/** Routes in one part: some milliseconds to unpack. */
const ROUTES_AT_ONCE = 250;

function* partsOf({ text, format, topology: wanted }: Task): Generator<Part> {
  const parsed = parseTopologyDocument(text, { format });
  if (!parsed.ok) {
    yield { kind: "refused", issues: parsed.error };
    return;
  }
  const { topology, document, warnings } = parsed.value;
  if (!wanted) {
    yield { kind: "checked", json: JSON.stringify(document), warnings };
    return;
  }
  const { routes } = topology;
  yield { kind: "topology", topology: { ...topology, routes: [] }, warnings };
  for (let at = 0; at < routes.length; at += ROUTES_AT_ONCE) {
    yield { kind: "routes", routes: routes.slice(at, at + ROUTES_AT_ONCE) };
  }
  yield { kind: "end" };
}

const parts = partsOf(workerData as Task);
parentPort?.on("message", () => parentPort?.postMessage(parts.next().value ?? { kind: "end" }, []));
