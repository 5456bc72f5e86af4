/**
 * The same characters in a string of their own. What is cut out of a message keeps the whole message alive (the engine makes a
 * view of it), which is too much for what lingers 32 s.
 */
export function detached(text: string): string {
  // Joining makes a new string; cutting from that keeps only one character too many.
  return `${text} `.slice(0, -1);
}
