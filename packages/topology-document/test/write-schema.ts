import { writeFileSync } from "node:fs";
import { topologyJsonSchema } from "../src/json-schema.ts";

const file = new URL("../../../docs/topology.schema.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(topologyJsonSchema(), null, 2)}\n`);
