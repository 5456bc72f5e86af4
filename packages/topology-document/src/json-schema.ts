import { z } from "zod";
import { topologyDocument } from "./schema/document-schema.ts";

/** The JSON Schema (2020-12) of the topology document, published as docs/topology.schema.json. */
export function topologyJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(topologyDocument, { io: "input", target: "draft-2020-12" });
  return { $schema: schema.$schema, title: "Tandem topology", ...schema };
}
