import { formatMessage, parseCSeq, topVia, type SipMessage } from "@tandem/sip";
import type { PeerAddressOf } from "@tandem/testkit";

/** One request of the other side as a report may show it: without users of addresses and without its body. */
export interface SeenRequest {
  /** Epoch ms. */
  readonly atMs: number;
  /** `address:port` of the edge it came from. */
  readonly from: string;
  readonly number: number;
  readonly method: string;
  readonly branch: string;
  readonly text: string;
}

/** A request that uses a CSeq number again, or one below a number that came before. */
export interface SequenceBreach {
  readonly kind: "reused" | "reversed";
  /** What has the number, or the one above it; null: it came before the dialog was made. */
  readonly earlier: SeenRequest | null;
  readonly later: SeenRequest;
  /** In what the two differ: names of header lines, `request line`, `body`. */
  readonly differs: readonly string[];
}

interface Remembered {
  readonly message: SipMessage;
  readonly shown: SeenRequest;
}

/** More than a dialog of a storm has. */
const MOST_REMEMBERED = 16;

/**
 * Holds the numbers of one dialog's requests against RFC 3261 §12.2.1.1: each above the one before. A request that comes again by another transaction with the
 * same content is no other request: who takes a call over, or sends by another way (RFC 3263 §4.3), cannot know whether the first one came through.
 */
export class SequenceWatch {
  readonly #came: Remembered[] = [];
  #highest: number;
  #repeated = 0;

  /** `highest`: number of the INVITE that made the dialog, where the other side sent that; else 0. */
  constructor(highest: number) {
    this.#highest = highest;
  }

  /** Requests that came again, the same in every byte but Via. */
  get repeated(): number {
    return this.#repeated;
  }

  /** What is wrong with the request's number; null: nothing. */
  takes(message: SipMessage, from: PeerAddressOf): SequenceBreach | null {
    const later = shownOf(message, from);
    const { number } = later;
    const same = this.#came.find(({ shown }) => shown.number === number);
    const earlier = same ?? this.#came.findLast(({ shown }) => shown.number > number);
    const isAbove = number > this.#highest;
    const kind = same === undefined && number < this.#highest ? "reversed" : "reused";
    this.#highest = Math.max(number, this.#highest);
    this.#came.push({ message, shown: later });
    if (this.#came.length > MOST_REMEMBERED) this.#came.shift();
    if (isAbove) return null;
    const differs = earlier === undefined ? [] : differences(earlier.message, message);
    if (same !== undefined && differs.length === 0) {
      this.#repeated += 1;
      return null;
    }
    return { kind, earlier: earlier?.shown ?? null, later, differs };
  }
}

/** In what two requests differ but for Via, which is each transaction's own. */
function differences(one: SipMessage, other: SipMessage): readonly string[] {
  const requestLine = one.method === other.method && one.uri === other.uri ? [] : ["request line"];
  const names = new Set([...one.headers, ...other.headers].map(([name]) => name));
  names.delete("Via");
  const lines = [...names].filter((name) => one.getAll(name).join("\n") !== other.getAll(name).join("\n"));
  return [...requestLine, ...lines, ...(one.body === other.body ? [] : ["body"])];
}

function shownOf(message: SipMessage, { address, port }: PeerAddressOf): SeenRequest {
  const [head = ""] = formatMessage(message).split("\r\n\r\n");
  return {
    atMs: Date.now(),
    from: `${address}:${port}`,
    number: parseCSeq(message.get("CSeq") ?? "")?.sequence ?? 0,
    method: message.method,
    branch: topVia(message)?.branch ?? "",
    text: head
      .replaceAll(/(sips?:|tel:)[^@>;\s]+@/g, "$1…@")
      .replaceAll(/^(From|To|P-Asserted-Identity): *"[^"]*"/gm, "$1:"),
  };
}
