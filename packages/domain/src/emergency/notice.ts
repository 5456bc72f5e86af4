/** An emergency call that has begun, as people are told of it. Holds personal data: for the targets of a location policy only, never for a log. */
export interface EmergencyNotice {
  readonly callId: string;
  /** When the INVITE came (epoch ms). */
  readonly atMs: number;
  readonly pool: string;
  readonly ingressTrunk: string;
  /** The caller's address as received, and his name if he gave one. */
  readonly callerUri: string;
  readonly callerName: string;
  readonly callbackNumber: string;
  /** Dial string and service that were asked for. */
  readonly number: string;
  readonly service: string;
  readonly test: boolean;
  readonly policy: string | null;
  readonly site: string | null;
  readonly erl: string | null;
  readonly elin: string | null;
  readonly location: NoticeLocation;
  /** Names of the notification targets, those of the caller's location policy. */
  readonly targets: readonly string[];
}

interface NoticeLocation {
  /** How the call comes by its location; `none`: nobody knows where the caller is. */
  readonly kind: string;
  /** `method` of the location document (RFC 4119 §2.2.3). */
  readonly method: string | null;
  /** Elements of the civic address (RFC 5139), names in lower case. */
  readonly civic: Readonly<Record<string, string>> | null;
  /** URIs that tell the location to who may ask (RFC 6442). */
  readonly references: readonly string[];
}

/** One line saying what happened. */
export function noticeSubject({ number, test, callerName, callbackNumber, site }: EmergencyNotice): string {
  const who = [callerName, callbackNumber].filter((part) => part !== "").join(" ");
  const where = site === null ? "" : ` at ${site}`;
  const from = who === "" ? "an unknown caller" : who;
  return oneLine(`${test ? "TEST: " : ""}Emergency call to ${number} from ${from}${where}`);
}

/**
 * What a notification says, as names and values in order: that a call was made, the number to call back on, and every element of the location that
 * goes to the PSAP with its `method` (47 CFR 9.3, 9.16(b)(2)). What is not known is left out.
 */
export function noticeFields(notice: EmergencyNotice): readonly (readonly [name: string, value: string])[] {
  const { location } = notice;
  const civic = Object.entries(location.civic ?? {}).map(([name, value]) => [civicName(name), value] as const);
  const fields: readonly (readonly [string, string | null])[] = [
    ["Event", notice.test ? "TEST emergency call" : "emergency call"],
    ["Number", notice.number],
    ["Service", notice.service],
    ["Time", new Date(notice.atMs).toISOString()],
    ["Caller", notice.callerName],
    ["CallerURI", notice.callerUri],
    ["CallbackNumber", notice.callbackNumber],
    ["ELIN", notice.elin],
    ["Site", notice.site],
    ["ERL", notice.erl],
    ["Location", location.kind],
    ["method", location.method],
    ...civic,
    ...location.references.map((uri) => ["LocationURI", uri] as const),
    ["CallId", notice.callId],
  ];
  return fields.flatMap(([name, value]) => (value === null || value === "" ? [] : [[name, oneLine(value)] as const]));
}

/** The same as text, one pair a line, marked at its head when it is only a test. */
export function noticeText(notice: EmergencyNotice): string {
  const lines = noticeFields(notice).map(([name, value]) => `${name}: ${value}`);
  return [...(notice.test ? ["TEST - no emergency"] : []), ...lines, ""].join("\r\n");
}

/** Elements as the schema writes them: in capitals, but for `country`. */
function civicName(name: string): string {
  return name === "country" ? name : name.toUpperCase();
}

/** A value of a caller cannot make a line of its own. */
function oneLine(value: string): string {
  return value.replaceAll(/[\u0000-\u001F\u007F]+/g, " ").trim();
}
