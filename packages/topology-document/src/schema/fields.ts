import { z } from "zod";
import { wording } from "./wording.ts";

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const durationText = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/;

/** Name of an object: it appears in metrics, keys and logs, so it is short and plain. */
export const name = z
  .string()
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62})$/,
    wording("is no name", "use 1 to 63 letters, digits, dots, dashes or underscores, beginning with a letter or digit"),
  );

/** Host name, IPv4 or IPv6 literal. */
export const host = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})|\[?[0-9A-Fa-f:.]{2,45}\]?)$/,
    wording("is neither a host name nor an IP address", "write it as sbc.example.net, 192.0.2.10 or 2001:db8::10"),
  );

/** Port 1–65535. */
export const port = z
  .number()
  .int(wording("is no port", "use a whole number from 1 to 65535"))
  .min(1, wording("is no port", "use a whole number from 1 to 65535"))
  .max(65_535, wording("is no port", "use a whole number from 1 to 65535"));

/** Whole number in a range. */
export function count(min: number, max: number): z.ZodNumber {
  const message = wording("is out of range", `use a whole number from ${min} to ${max}`);
  return z.number().int(message).min(min, message).max(max, message);
}

/** A duration in milliseconds: `10s`, `500ms`, `2m`, `1h`, or a bare number of milliseconds. */
export function duration(minMs: number, maxMs: number): z.ZodType<number, number | string> {
  const fix = `write it as 500ms, 10s, 2m or 1h, from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  const message = wording("is no duration", fix);
  return z
    .union([z.number().int(message).min(0, message), z.string().regex(durationText, message)], message)
    .transform((written, context) => {
      const value = durationMs(written);
      if (value !== null && value >= minMs && value <= maxMs) return value;
      const problem = value === null ? "is no duration" : `is ${formatDuration(value)}, which is out of range`;
      context.addIssue({ code: "custom", message: wording(problem, fix) });
      return z.NEVER;
    });
}

function durationMs(written: number | string): number | null {
  if (typeof written === "number") return Number.isInteger(written) ? written : null;
  const found = durationText.exec(written);
  if (found === null) return null;
  const unit = found[2] as keyof typeof unitMs;
  const value = Number(found[1]) * unitMs[unit];
  return Number.isInteger(value) ? value : null;
}

function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
