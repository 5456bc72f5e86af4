export { checkApart, compileApart, type CheckedDocument } from "./compile-apart.ts";
export { compilePublished } from "./compile-published.ts";
