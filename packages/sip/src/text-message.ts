import { HEADER_ID, headerId } from "./header-name.ts";
import { makeHeader, type HeaderText } from "./header-text.ts";
import type { HeaderLine, SipMessage } from "./message.ts";

/** What a message starts with. `startLine` is the line as written, without its line end. */
export interface StartLine {
  readonly kind: "request" | "response";
  readonly method: string;
  readonly uri: string;
  readonly status: number;
  readonly reason: string;
  readonly startLine: string;
}

/** The message class behind the interface: a start line, header lines that may lie in different texts, and a body. Immutable. */
export class TextMessage implements SipMessage {
  readonly kind: "request" | "response";
  readonly uri: string;
  readonly status: number;
  readonly reason: string;
  readonly body: string;
  readonly startLine: string;
  readonly lines: readonly HeaderText[];
  private readonly startMethod: string;
  private cachedHeaders: readonly HeaderLine[] | undefined = undefined;

  constructor(start: StartLine, lines: readonly HeaderText[], body: string) {
    this.kind = start.kind;
    this.startMethod = start.method;
    this.uri = start.uri;
    this.status = start.status;
    this.reason = start.reason;
    this.startLine = start.startLine;
    this.lines = lines;
    this.body = body;
  }

  get method(): string {
    return this.kind === "request" || this.startMethod !== "" ? this.startMethod : cseqMethod(this);
  }

  get headers(): readonly HeaderLine[] {
    this.cachedHeaders ??= this.lines.map((line): HeaderLine => [line.name, line.value]);
    return this.cachedHeaders;
  }

  /** First line with an interned header id. */
  line(id: number): HeaderText | undefined {
    const lines = this.lines;
    for (let at = 0; at < lines.length; at++) {
      const line = lines[at];
      if (line !== undefined && line.id === id) return line;
    }
    return undefined;
  }

  get(name: string): string | undefined {
    const id = headerId(name);
    if (id >= 0) return this.line(id)?.value;
    const lower = name.toLowerCase();
    return this.lines.find((line) => line.matches(id, lower))?.value;
  }

  getAll(name: string): readonly string[] {
    const id = headerId(name);
    const lower = id >= 0 ? "" : name.toLowerCase();
    const values: string[] = [];
    for (const line of this.lines) if (line.matches(id, lower)) values.push(line.value);
    return values;
  }

  has(name: string): boolean {
    const id = headerId(name);
    if (id >= 0) return this.line(id) !== undefined;
    const lower = name.toLowerCase();
    return this.lines.some((line) => line.matches(id, lower));
  }
}

function cseqMethod(message: TextMessage): string {
  const value = message.line(HEADER_ID.cseq)?.value ?? "";
  const gap = Math.max(value.lastIndexOf(" "), value.lastIndexOf("\t"));
  return gap < 0 ? "" : value.slice(gap + 1);
}

/** The message as this package's class; another implementation of the interface is copied line by line. */
export function asTextMessage(message: SipMessage): TextMessage {
  if (message instanceof TextMessage) return message;
  const start =
    message.kind === "request"
      ? requestStart(message.method, message.uri)
      : responseStart(message.status, message.reason, message.method);
  return new TextMessage(
    start,
    message.headers.map(([name, value]) => makeHeader(name, value)),
    message.body,
  );
}

/** The request line (RFC 3261 §7.1). */
export function requestStart(method: string, uri: string): StartLine {
  return { kind: "request", method, uri, status: 0, reason: "", startLine: `${method} ${uri} SIP/2.0` };
}

/** The status line (RFC 3261 §7.2). `method` is the CSeq method. */
export function responseStart(status: number, reason: string, method: string): StartLine {
  return { kind: "response", method, uri: "", status, reason, startLine: `SIP/2.0 ${status} ${reason}` };
}
