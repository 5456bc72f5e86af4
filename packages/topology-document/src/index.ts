export { parseTopologyDocument, type JsonObject, type ParsedTopology } from "./parse-topology-document.ts";
export type { CdrSinks, Endpoint, LocalSettings } from "./local-settings.ts";
export { maxDocumentLength, type DocumentFormat } from "./read-document.ts";
export type { WrittenTopology } from "./schema/document-schema.ts";
export { topologyJsonSchema } from "./json-schema.ts";
