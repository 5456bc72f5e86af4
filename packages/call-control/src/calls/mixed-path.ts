import { err, ok, talkers, type Call, type Failure, type Result } from "@tandem/domain";
import type {
  MediaAddress,
  MediaMixer,
  MediaRelay,
  MixedCall,
  MixedFormats,
  MixedVoice,
  RelayedWay,
} from "../ports/index.ts";
import type { MixedPair } from "./mix-verdict.ts";
import { acceptAt, addressIn, describeMixer, formatsBetween, formatsIn, holds } from "./mixed-description.ts";

export interface MixParts {
  readonly media: MediaRelay;
  readonly mixers: MediaMixer;
}

interface Talker {
  readonly name: string;
  /** What its peer last said of its media. */
  readonly description: string;
}

/** The two who talk in an emergency call whose desk speaks by a mixer. */
export interface MixedTalk extends MixedCall {
  readonly relay: string;
  readonly two: readonly [Talker, Talker];
}

/** Null: they do not talk (any more), or the call has no mixer. */
export function mixedTalk(call: Call): MixedTalk | null {
  const { desk, id: callId } = call;
  const two = twoWhoTalk(call);
  return desk?.mixer === undefined || two === null ? null : { callId, relay: desk.relay, mixer: desk.mixer, two };
}

/** The two who talk in a call; null: they do not (any more). */
export function twoWhoTalk(call: Call): MixedTalk["two"] | null {
  const pair = talkers(call);
  const talker = (name: string): Talker => ({ name, description: descriptionOf(call, name) });
  return pair === null ? null : [talker(pair.from), talker(pair.to)];
}

/** Whether a mixer could take the two. */
export function canBeMixed([one, other]: MixedTalk["two"]): boolean {
  return formatsBetween(one.description, other.description) !== null;
}

/** Whether one of the two holds. */
export function isHeld({ two }: MixedTalk): boolean {
  return two.some(({ description }) => holds(description));
}

export function pairOf({ two: [one, other] }: MixedTalk): MixedPair {
  return { two: [one.name, other.name], speakers: [speakerOf(one), speakerOf(other)] };
}

/** The mixer gets copies of both, and can send to the relay what each of them is to hear. The two hear each other as before. */
export async function prepareMix(parts: MixParts, talk: MixedTalk): Promise<Result<void, Failure>> {
  const ports = await openPorts(parts.mixers, talk);
  if (!ports.ok) return ports;
  const voices = new Map<string, MixedVoice>();
  for (const [talker, other] of bothWays(talk)) {
    const port = ports.value.get(talker.name);
    const says = formatsBetween(talker.description, other.description);
    if (port === undefined || says === null) return failed("the two do not talk as a mixer can");
    const voice = await voiceOf(parts.media, { talk, talker, port, says });
    if (!voice.ok) return voice;
    voices.set(talker.name, voice.value);
  }
  return parts.mixers.connect(talk, voices);
}

/** The two hear the mixer instead of each other. */
export async function leadByMixer({ media, mixers }: MixParts, talk: MixedTalk): Promise<Result<void, Failure>> {
  for (const talker of talk.two) {
    const taken = await media.hearInstead(way(talk, speakerOf(talker), talker.name), talker.description);
    if (!taken.ok) return taken;
  }
  // rtpengine goes on sending the one's packets to the other until its copies are made anew.
  const ports = await openPorts(mixers, talk);
  if (!ports.ok) return ports;
  for (const { name } of talk.two) {
    const port = ports.value.get(name);
    const copied = port === undefined ? failed("no port") : await copyTo(media, { talk, name, port });
    if (!copied.ok) return copied;
  }
  return ok(undefined);
}

/** The two hear each other, and nobody else. */
export async function leadDirectly(media: MediaRelay, talk: MixedTalk): Promise<Result<void, Failure>> {
  const [one, other] = talk.two;
  await Promise.all(talk.two.map(({ name }) => media.endCopy(way(talk, "", name))));
  const offered = await media.offer(way(talk, one.name, other.name), one.description);
  if (!offered.ok) return offered;
  const answered = await media.answer(way(talk, other.name, one.name), other.description);
  return answered.ok ? ok(undefined) : answered;
}

/** Where the mixer gets each of the two. */
function openPorts(mixers: MediaMixer, talk: MixedTalk): ReturnType<MediaMixer["open"]> {
  return mixers.open(
    talk,
    talk.two.map(({ name }) => name),
  );
}

interface Prepared {
  readonly talk: MixedTalk;
  readonly talker: Talker;
  readonly port: MediaAddress;
  readonly says: MixedFormats;
}

async function voiceOf(
  media: MediaRelay,
  { talk, talker, port, says }: Prepared,
): Promise<Result<MixedVoice, Failure>> {
  const { name } = talker;
  const there = await media.speak(way(talk, speakerOf(talker), name), describeMixer(port, says, "sendonly"));
  const copied = there.ok ? await copyTo(media, { talk, name, port }) : there;
  if (!there.ok) return there;
  if (!copied.ok) return copied;
  const [to, from] = [addressIn(there.value), addressIn(copied.value)];
  if (to === null || from === null) return failed("a description without an address");
  return ok({ to, from, says, hears: formatsIn(copied.value) });
}

/** The mixer gets a copy of what one says; gives the relay's description of it. */
async function copyTo(
  media: MediaRelay,
  { talk, name, port }: { readonly talk: MixedTalk; readonly name: string; readonly port: MediaAddress },
): Promise<Result<string, Failure>> {
  const copy = way(talk, name, `mix-${name}`);
  const offer = await media.copy(copy);
  if (!offer.ok) return offer;
  const taken = await media.acceptCopy(copy, acceptAt(port, offer.value));
  return taken.ok ? offer : taken;
}

function bothWays({ two: [one, other] }: MixedTalk): readonly (readonly [Talker, Talker])[] {
  return [
    [one, other],
    [other, one],
  ];
}

function speakerOf({ name }: Talker): string {
  return `say-${name}`;
}

function way({ relay, callId }: MixedTalk, from: string, to: string): RelayedWay {
  return { relay, callId, from, to };
}

function descriptionOf(call: Call, party: string): string {
  const dialogs = call.parties.find(({ id }) => id === party)?.dialogs ?? [];
  return dialogs.find(({ peer }) => peer !== null)?.sdp ?? "";
}

function failed(detail: string): Result<never, Failure> {
  return err({ code: "relay-unavailable", detail });
}
