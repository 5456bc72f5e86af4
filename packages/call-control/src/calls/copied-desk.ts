import { err, type Failure, type Result } from "@tandem/domain";
import type { MediaRelay } from "../ports/index.ts";
import type { DeskAudio } from "./desk-audio.ts";
import { joined, sections, sectionsOf } from "./desk-description.ts";
import { copiesFor, type Heard } from "./heard-call.ts";

const NOTHING: Failure = { code: "call-gone", detail: "no desk's leg waits for that" };

/** A desk that only hears: the relay's copies of both who talk, in streams of their own. */
export class CopiedDesk implements DeskAudio {
  readonly #media: MediaRelay;

  constructor(media: MediaRelay) {
    this.#media = media;
  }

  /** The streams of both who talk, the caller's first: a desk that takes one hears the caller. */
  async offer(heard: Heard): Promise<Result<string, Failure>> {
    const offers = await Promise.all(copiesFor(heard).map((way) => this.#media.copy(way)));
    const failed = offers.find(({ ok: made }) => !made);
    if (failed !== undefined && !failed.ok) return failed;
    const description = joined(offers.flatMap((offer) => (offer.ok ? [offer.value] : [])));
    return description === null
      ? err({ code: "relay-unavailable", detail: "no description of a copy" })
      : { ok: true, value: description };
  }

  async accept(heard: Heard, answer: string): Promise<Result<void, Failure>> {
    const ranges = [
      { from: 0, count: heard.streams },
      { from: heard.streams, count: Infinity },
    ];
    // What the desk refuses or leaves out it does not get; the caller's is what it is there for.
    const [caller] = await Promise.all(
      copiesFor(heard).map(async (way, at) => {
        const part = sections(answer, ranges[at] ?? { from: 0, count: 0 });
        return part === null || sectionsOf(part) === 0 ? err(NOTHING) : this.#media.acceptCopy(way, part);
      }),
    );
    return caller ?? err(NOTHING);
  }

  /** The copies go where the desk says now. */
  async renegotiate(heard: Heard, offered: string): Promise<Result<string, Failure>> {
    const ours = await this.offer(heard);
    if (!ours.ok) return ours;
    const begun = await this.accept(heard, offered);
    if (!begun.ok) return begun;
    const told = sections(ours.value, { from: 0, count: sectionsOf(offered) });
    return told === null ? err(NOTHING) : { ok: true, value: told };
  }

  end(heard: Heard): void {
    for (const way of copiesFor(heard)) void this.#media.endCopy(way);
  }
}
