import { headerId } from "./header-name.ts";
import { makeHeader, withoutLineBreaks, type HeaderText } from "./header-text.ts";
import type { SipMessage } from "./message.ts";
import { asTextMessage, requestStart, TextMessage } from "./text-message.ts";

/** Edits of one message's header lines. Every method returns the editor; lines it does not name keep place and bytes. */
export interface HeaderEdit {
  /** Leaves exactly these values (one line each) where the first line of that name stood, or at the end. */
  set(name: string, value: string | readonly string[]): HeaderEdit;
  /** Adds a line after the last of that name, or at the end. */
  append(name: string, value: string): HeaderEdit;
  /** Adds a line before the first of that name, or at the top: how a Via, Route or Record-Route is pushed. */
  prepend(name: string, value: string): HeaderEdit;
  /** Removes every line of that name. */
  remove(name: string): HeaderEdit;
  /** Removes the first line of that name. */
  removeFirst(name: string): HeaderEdit;
  /** Gives the first line of that name another value; adds nothing when there is none. */
  replaceFirst(name: string, value: string): HeaderEdit;
}

/** A message with edited headers; the one given stays as it is. */
export function withHeaders(message: SipMessage, edit: (headers: HeaderEdit) => void): SipMessage {
  const source = asTextMessage(message);
  const editor = new LineEditor(source.lines.slice());
  edit(editor);
  return new TextMessage(source, editor.lines, source.body);
}

/** The message with another body (latin1). With a content type that header is set too; an empty body removes it. */
export function withBody(message: SipMessage, body: string, contentType?: string): SipMessage {
  const source = asTextMessage(message);
  const editor = new LineEditor(source.lines.slice());
  if (body === "") editor.remove("Content-Type");
  else if (contentType !== undefined) editor.set("Content-Type", contentType);
  return new TextMessage(source, editor.lines, body);
}

/** The request with another Request-URI; responses come back unchanged. */
export function withUri(message: SipMessage, uri: string): SipMessage {
  if (message.kind === "response") return message;
  const source = asTextMessage(message);
  return new TextMessage(requestStart(source.method, withoutLineBreaks(uri)), source.lines, source.body);
}

class LineEditor implements HeaderEdit {
  readonly lines: HeaderText[];

  constructor(lines: HeaderText[]) {
    this.lines = lines;
  }

  set(name: string, value: string | readonly string[]): HeaderEdit {
    const values = typeof value === "string" ? [value] : value;
    const added = values.map((each) => makeHeader(name, each));
    const first = this.firstIndex(name);
    if (first < 0) {
      this.lines.push(...added);
      return this;
    }
    this.removeFrom(name, first);
    this.lines.splice(first, 0, ...added);
    return this;
  }

  append(name: string, value: string): HeaderEdit {
    const last = this.lastIndex(name);
    if (last < 0) this.lines.push(makeHeader(name, value));
    else this.lines.splice(last + 1, 0, makeHeader(name, value));
    return this;
  }

  prepend(name: string, value: string): HeaderEdit {
    this.lines.splice(Math.max(this.firstIndex(name), 0), 0, makeHeader(name, value));
    return this;
  }

  remove(name: string): HeaderEdit {
    const first = this.firstIndex(name);
    if (first >= 0) this.removeFrom(name, first);
    return this;
  }

  removeFirst(name: string): HeaderEdit {
    const first = this.firstIndex(name);
    if (first >= 0) this.lines.splice(first, 1);
    return this;
  }

  replaceFirst(name: string, value: string): HeaderEdit {
    const first = this.firstIndex(name);
    if (first >= 0) this.lines[first] = makeHeader(this.lines[first]?.name ?? name, value);
    return this;
  }

  private firstIndex(name: string): number {
    const id = headerId(name);
    const lower = id >= 0 ? "" : name.toLowerCase();
    return this.lines.findIndex((line) => line.matches(id, lower));
  }

  private lastIndex(name: string): number {
    const id = headerId(name);
    const lower = id >= 0 ? "" : name.toLowerCase();
    return this.lines.findLastIndex((line) => line.matches(id, lower));
  }

  private removeFrom(name: string, first: number): void {
    const id = headerId(name);
    const lower = id >= 0 ? "" : name.toLowerCase();
    let kept = first;
    for (let at = first; at < this.lines.length; at++) {
      const line = this.lines[at];
      if (line !== undefined && !line.matches(id, lower)) this.lines[kept++] = line;
    }
    this.lines.length = kept;
  }
}
