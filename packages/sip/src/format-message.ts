import { HEADER_ID } from "./header-name.ts";
import type { HeaderText } from "./header-text.ts";
import type { SipMessage } from "./message.ts";
import { asTextMessage } from "./text-message.ts";

/**
 * The message as a latin1 string for the wire. Lines nobody edited are copied from the text they came from, byte for byte; neighbours in one
 * piece. Content-Length is always right: a right one stays as written, a wrong one is replaced where it stood, a missing one is added last.
 */
export function formatMessage(message: SipMessage): string {
  const source = asTextMessage(message);
  const length = String(source.body.length);
  let out = `${source.startLine}\r\n`;
  let run: HeaderText | undefined;
  let runEnd = 0;
  let hasLength = false;
  for (const line of source.lines) {
    const isLength = line.id === HEADER_ID.contentLength;
    const replaced = isLength && (hasLength || line.value !== length);
    if (run !== undefined && (replaced || line.text !== run.text || line.start !== runEnd)) {
      out += run.text.slice(run.start, runEnd);
      run = undefined;
    }
    if (replaced) {
      if (!hasLength) out += `Content-Length: ${length}\r\n`;
    } else if (line.next === line.end) {
      if (run !== undefined) out += run.text.slice(run.start, runEnd);
      run = undefined;
      out += `${line.text.slice(line.start, line.end)}\r\n`;
    } else {
      run ??= line;
      runEnd = line.next;
    }
    hasLength ||= isLength;
  }
  if (run !== undefined) out += run.text.slice(run.start, runEnd);
  return hasLength ? `${out}\r\n${source.body}` : `${out}Content-Length: ${length}\r\n\r\n${source.body}`;
}
