import { buildRequest, buildResponse, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { CallEvent } from "../../../src/index.ts";
import type { Choices } from "./choices.ts";

const NONSENSE: readonly string[] = [
  "",
  ";",
  "<",
  ">",
  '"',
  "<sip:",
  "sip:@",
  "<sip:a@b",
  ';tag=";',
  "x;tag=",
  "-1 INVITE",
  "4294967296 BYE",
  "1 2 3",
  "Q.850;cause=999",
  "refer;id=",
  "timer, 100rel,,,",
  "application/sdp; boundary",
  "multipart/mixed;boundary=",
  "\u00ff\u0000\u0001",
  "SIP/2.0/UDP ;;;",
  "<tel:+1>;x",
  "urn:service:sos",
  "99999999999999999999",
  "<sip:[::1]:99999>",
  "%%%",
  "a=b=c;;,,",
];

/** The event with its message garbled, now and then. */
export function garbleEvent(event: CallEvent, choices: Choices): CallEvent {
  if ("request" in event) return { ...event, request: garble(event.request, choices) };
  return event.kind === "response" ? { ...event, response: garble(event.response, choices) } : event;
}

/** The message with one header line missing, doubled or senseless, every third time. */
function garble(message: SipMessage, choices: Choices): SipMessage {
  if (choices.next(3) > 0) return message;
  const name = choices.pick(message.headers)?.[0] ?? "To";
  const value = NONSENSE[choices.next(NONSENSE.length)] ?? "";
  const how = choices.next(3);
  const headers = message.headers.flatMap((line): HeaderLine[] => {
    if (line[0] !== name || how === 2) return [line];
    return how === 0 ? [] : [[name, value]];
  });
  const lines: readonly HeaderLine[] = how === 2 ? [...headers, [name, value]] : headers;
  const { kind, method, uri, status, body } = message;
  if (kind === "response") return buildResponse({ status, method, headers: lines, body });
  return buildRequest({ method, uri: choices.next(5) === 0 ? value : uri, headers: lines, body });
}
