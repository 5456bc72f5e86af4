import { z } from "zod";
import { topologyDocument } from "./document-schema.ts";

/** Names of the settings that the document schema allows at a path. */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  let schema = unwrap(topologyDocument);
  for (const segment of path) {
    const next = typeof segment === "number" ? elementOf(schema) : fieldOf(schema, String(segment));
    if (next === null) return [];
    schema = unwrap(next);
  }
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

type Schema = z.core.$ZodType;

/** The schema inside defaults and optionals. */
function unwrap(schema: Schema): Schema {
  let inner = schema;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodOptional || inner instanceof z.ZodPrefault) {
    inner = inner.unwrap();
  }
  return inner;
}

function fieldOf(schema: Schema, key: string): Schema | null {
  if (!(schema instanceof z.ZodObject) || !Object.hasOwn(schema.shape, key)) return null;
  return (schema.shape as Readonly<Record<string, Schema>>)[key] ?? null;
}

function elementOf(schema: Schema): Schema | null {
  return schema instanceof z.ZodArray ? schema.element : null;
}
