import { formatMessage, readTag, type SipMessage } from "@tandem/sip";
import type { Effect } from "../../../src/index.ts";
import { partyOf } from "./peers.ts";

/** The books that a walk's invariants are checked against; what is wrong in them is told in `faults`. */
export class Books {
  readonly faults: string[] = [];
  /** Final responses per server transaction of a peer. */
  private readonly finals = new Map<string, number[]>();
  /** Transactions the edge answered itself, or that another delivery took over. */
  private readonly excused = new Set<string>();
  private readonly invites = new Set<string>();
  /** 2xx of called parties, and which of them got an ACK, by `answerKey`. */
  private readonly answered = new Set<string>();
  private readonly acked = new Set<string>();
  private readonly cseqs = new Map<string, number>();
  /** What was sent, by what must be the same when it is sent again. */
  private readonly texts = new Map<string, string>();

  /** A peer's request that must get one final response. */
  open(transaction: string, method: string): void {
    this.finals.set(transaction, []);
    if (method === "INVITE") this.invites.add(transaction);
  }

  excuse(transaction: string): void {
    this.excused.add(transaction);
  }

  isInvite(transaction: string): boolean {
    return this.invites.has(transaction);
  }

  /** True while a response from us is awaited. */
  isOpen(transaction: string): boolean {
    return this.finals.get(transaction)?.length === 0 && !this.excused.has(transaction);
  }

  openInvites(): readonly string[] {
    return [...this.invites].filter((transaction) => this.isOpen(transaction));
  }

  /** A called party's 2xx. @returns True when it had its ACK already. */
  noteAnswer(key: string): boolean {
    this.answered.add(key);
    return this.acked.has(key);
  }

  noteAck(key: string): void {
    this.acked.add(key);
  }

  /**
   * A response from us. @param isAfterCrash What was answered before a worker died may not have been stored: the edge lets no second answer out.
   * @returns False when the response does not leave.
   */
  noteResponse({ response, transaction }: Extract<Effect, { kind: "respond" }>, isAfterCrash: boolean): boolean {
    this.checkLeak(response);
    const given = this.finals.get(transaction);
    if (isAfterCrash && (given?.length ?? 0) > 0) return false;
    if (given === undefined) this.faults.push(`answer to an unknown transaction ${transaction}`);
    else if (response.status >= 200) given.push(response.status);
    else if (given.length > 0) this.faults.push(`${response.status} after the final response`);
    if (given !== undefined && given.length > 1 && !this.excused.has(transaction)) {
      this.faults.push(`${response.method} answered ${given.join(" and ")}`);
    }
    return true;
  }

  /** A request of ours, ACK apart, which is no transaction. The same one again must be the same to the letter. @returns True for the same one again. */
  noteText(request: SipMessage): boolean {
    const names = ["Call-ID", "CSeq", "From", "To"].map((name) => request.get(name) ?? "");
    const key = `${request.method} ${names.join(" ")}`;
    const text = formatMessage(request);
    const before = this.texts.get(key);
    this.texts.set(key, text);
    if (before !== undefined && before !== text) this.faults.push(`${key} sent again with other content`);
    return before !== undefined;
  }

  /** The numbers of our requests grow in every dialog; a CANCEL has that of its INVITE (RFC 3261 §9.1). */
  checkCseq(request: SipMessage): void {
    if (request.method === "CANCEL") return;
    const cseq = Number(request.get("CSeq")?.split(" ")[0]);
    const [from, to] = ["From", "To"].map((name) => readTag(request.get(name) ?? ""));
    const dialog = `${request.get("Call-ID") ?? ""} ${from} ${to}`;
    if (cseq <= (this.cseqs.get(dialog) ?? 0)) this.faults.push(`CSeq ${cseq} ${request.method} again in ${dialog}`);
    this.cseqs.set(dialog, cseq);
  }

  /** Nothing of one party's network in what another party gets. Request-URI, Route, To and Call-ID are the receiver's own. */
  checkLeak(message: SipMessage): void {
    const own = partyOf(message);
    const text = formatMessage(message);
    for (const found of text.matchAll(/secret-([\w-]+)\.example/g)) {
      if (found[1] !== own) this.faults.push(`${found[0]} in a ${message.method} to ${own}`);
    }
    for (const found of text.matchAll(/tag-(walk-\w+|k5\w+-[ab]\d*)/g)) {
      if (found[1] !== own) this.faults.push(`${found[0]} in a ${message.method} to ${own}`);
    }
  }

  /** At the end: every 2xx has its ACK, every request its final response. */
  close(): void {
    for (const answer of this.answered) if (!this.acked.has(answer)) this.faults.push(`no ACK for ${answer}`);
    for (const transaction of this.finals.keys()) {
      if (this.isOpen(transaction)) this.faults.push(`${transaction} never answered`);
    }
  }
}
