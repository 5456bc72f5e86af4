export { checkApart, compileApart, type CheckedDocument } from "./compile-apart.ts";
