import { failureCodes, failureEntry } from "../src/failure/catalogue.ts";

const header = ["code", "SIP", "Q.850", "HTTP", "whose fault", "next trunk", "retry", "shown", "meaning"];

const introduction = `# Failures

Every failure Tandem knows, from \`packages/domain/src/failure\`. The code is what metrics, logs, call detail records and the control API say; it is
stable and never reused. This page is made from the table (\`npm run errors-document -w packages/domain\`) and a test holds both equal.

- **whose fault**: \`success\` (people decided, the network did its work), \`client-error\` (the requester), \`upstream-error\` (the peer called),
  \`server-error\` (Tandem), \`indeterminate\`.
- **next trunk**: an ordinary call may try its next trunk after an attempt that ended so, as far as the trunk's failover codes agree. An emergency
  call always may.
- **retry**: the requester may send the same request again, provided no INVITE left Tandem for it; a number is the Retry-After in seconds.
- **shown**: the reason is told to the requester; otherwise it gets the bare status.
`;

/** docs/errors.md as the catalogue has it. */
export function errorsDocument(): string {
  const rows = failureCodes.map((code) => {
    const entry = failureEntry(code);
    const retry = entry.callerMayRetry ? String(entry.retryAfterS ?? "yes") : "–";
    return [
      `\`${code}\``,
      `${entry.sip} ${entry.sipReason}`,
      String(entry.q850),
      String(entry.http),
      entry.outcome,
      entry.tryNextTrunk ? "yes" : "–",
      retry,
      entry.report === "shown" ? "yes" : "–",
      entry.description,
    ];
  });
  return `${introduction}\n${table([header, ...rows])}\n`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = header.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const lines = rows.map((cells) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`);
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}
