import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { TopologyFile, TopologyFileContent } from "@tandem/call-control";
import { err, ok, type Failure, type Result, type TopologyIssue } from "@tandem/domain";
import { parseTopologyDocument } from "@tandem/topology-document";

/**
 * A topology document kept in files, which are read one after the other as if they were one: YAML block mappings, no top-level key in two of them. In Kubernetes
 * one ConfigMap brings the pools and another the rest. An unchanged text is not parsed again.
 * Who asks while a read is under way gets that one: reads of a disk that does not answer would take the process's few threads for files.
 */
export function createTopologyFile(paths: readonly string[]): TopologyFile {
  let known: TopologyFileContent = { digest: "", json: err([]), warnings: [] };
  let underWay: ReturnType<TopologyFile["read"]> | null = null;
  const read: TopologyFile["read"] = async () => {
    const text = await readAll(paths);
    underWay = null;
    if (!text.ok) return text;
    const digest = createHash("sha256").update(text.value).digest("hex");
    if (digest !== known.digest) known = { digest, ...toJson(text.value) };
    return ok(known);
  };
  return { read: () => (underWay ??= read()) };
}

async function readAll(paths: readonly string[]): Promise<Result<string, Failure>> {
  try {
    const texts = await Promise.all(paths.map((path) => readFile(path, "utf8")));
    return ok(texts.join("\n"));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return err({ code: "configuration-invalid", detail: `topology file: ${detail}` });
  }
}

function toJson(text: string): Pick<TopologyFileContent, "json" | "warnings"> {
  const parsed = parseTopologyDocument(text);
  if (parsed.ok) {
    return { json: ok(JSON.stringify(parsed.value.document)), warnings: parsed.value.warnings.map(sentence) };
  }
  const errors = parsed.error.filter(({ severity }) => severity === "error");
  return { json: err(errors.map(sentence)), warnings: [] };
}

function sentence({ path, problem, fix }: TopologyIssue): string {
  return `${path} ${problem}: ${fix}`;
}
