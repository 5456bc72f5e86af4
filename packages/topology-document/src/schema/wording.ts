const separator = "\u0000";

/** A schema message that carries both halves of an issue: what is wrong and what to write instead. */
export function wording(problem: string, fix: string): string {
  return `${problem}${separator}${fix}`;
}

/** Splits what `wording` joined; null for a message that zod made itself. */
export function splitWording(message: string): { readonly problem: string; readonly fix: string } | null {
  const at = message.indexOf(separator);
  return at < 0 ? null : { problem: message.slice(0, at), fix: message.slice(at + 1) };
}
