export { createHeldSource, type HeldSourceOptions } from "./held-source.ts";
