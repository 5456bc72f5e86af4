import type { Failure, Result } from "@tandem/domain";
import type { ControllerObserver } from "./controller-observer.ts";

/** Where the entries of a stream come from, and how they are called in the log. */
export interface SpoiltStream<Entry> {
  readonly stream: { setAside(entries: readonly Entry[]): Promise<Result<void, Failure>> };
  readonly observer: Pick<ControllerObserver, "log">;
  readonly what: "detail records" | "emergency records" | "notices of emergency calls";
}

/**
 * Sets entries aside that nobody can read, so that they hold up nothing. Each is logged once, by its place in the stream and without what it says, which
 * may be personal. False: they stay where they are for now.
 */
export async function setUnreadableAside<Entry extends { readonly streamId: string }>(
  entries: readonly Entry[],
  { stream, observer, what }: SpoiltStream<Entry>,
): Promise<boolean> {
  const [first] = entries;
  if (first === undefined) return false;
  const done = await stream.setAside(entries);
  if (!done.ok) return false;
  observer.log("error", `${what} cannot be read and are set aside`, {
    entries: entries.length,
    first: first.streamId,
  });
  return true;
}

/** What a text says when it is a JSON object; null when it is anything else. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}
