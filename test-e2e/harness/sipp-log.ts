/** One message of SIPp's message log. */
export interface LoggedMessage {
  /** Epoch milliseconds, with fractions. */
  readonly atMs: number;
  readonly direction: "sent" | "received";
  /** `INVITE` of a request, `200` of a response. */
  readonly what: string;
  readonly text: string;
  /** Values of a header, by its name as written in any case; one entry per line. */
  headers(name: string): readonly string[];
  readonly body: string;
}

const ENTRY =
  /^-{40,} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6})\n\S+ message (sent|received) [[(]\d+(?: bytes\)|\] bytes) ?:\n\n/gm;

/** Reads what `-trace_msg` wrote. SIPp stamps messages with local time. */
export function parseMessageLog(log: string): readonly LoggedMessage[] {
  const heads = [...log.matchAll(ENTRY)];
  return heads.map((head, index) => {
    const end = heads[index + 1]?.index ?? log.length;
    const text = log.slice(head.index + head[0].length, end).replace(/\n\n?$/, "\n");
    return logged(head[1] ?? "", head[2] === "sent" ? "sent" : "received", text);
  });
}

function logged(stamp: string, direction: LoggedMessage["direction"], raw: string): LoggedMessage {
  const text = raw.replaceAll("\r\n", "\n");
  const [head = "", ...rest] = text.split("\n\n");
  const lines = head.replaceAll(/\n[ \t]+/g, " ").split("\n");
  const first = lines[0] ?? "";
  return {
    atMs: readStamp(stamp),
    direction,
    what: /^SIP\/2\.0 (\d{3})/.exec(first)?.[1] ?? first.split(" ", 1)[0] ?? "",
    text,
    headers: (name) =>
      lines.slice(1).flatMap((line) => {
        const [key = "", ...value] = line.split(":");
        return key.trim().toLowerCase() === name.toLowerCase() ? [value.join(":").trim()] : [];
      }),
    body: rest.join("\n\n"),
  };
}

function readStamp(stamp: string): number {
  const [whole = "", fraction = "0"] = stamp.split(".");
  return new Date(whole.replace(" ", "T")).getTime() + Number(`0.${fraction}`) * 1_000;
}
