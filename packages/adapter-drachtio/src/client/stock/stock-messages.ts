import {
  formatNameAddr,
  formatUri,
  headerAddresses,
  headerValues,
  parseNameAddr,
  parseSipUri,
  responseTo,
  withHeaders,
  type HeaderEdit,
  type SipMessage,
} from "@tandem/sip";

/** Option tags that stay between the peer and a stock server: it numbers reliable responses and refreshes sessions by itself. */
const SERVERS_OPTIONS: ReadonlySet<string> = new Set(["100rel", "timer"]);

/**
 * A request as a stock server has to get it. Contact must name that server, which alone knows the dialog: it writes its address where it reads
 * `localhost`. Reliable provisional responses are not asked for.
 */
export function requestForServer(request: SipMessage): SipMessage {
  return withHeaders(request, (edit) => {
    edit.remove("Route");
    ownContact(request, edit);
    if (request.method === "INVITE") withoutOptions(request, edit, "Supported", new Set(["100rel"]));
  });
}

/** A response as a stock server has to get it: Contact as above, but for redirections; the session timer is the server's own. */
export function responseForServer(response: SipMessage): SipMessage {
  return withHeaders(response, (edit) => {
    if (response.status < 300) ownContact(response, edit);
    if (response.status !== 422) edit.remove("Session-Expires");
    withoutOptions(response, edit, "Require", SERVERS_OPTIONS);
    edit.remove("RSeq");
  });
}

/** A message from the network as the worker gets it: without what the server settles by itself. */
export function fromServer(message: SipMessage): SipMessage {
  return withHeaders(message, (edit) => {
    if (message.status !== 422) edit.remove("Session-Expires").remove("Min-SE");
    withoutOptions(message, edit, "Supported", SERVERS_OPTIONS);
    withoutOptions(message, edit, "Require", new Set(["timer"]));
  });
}

/** The caller insists on reliable provisional responses (RFC 3262 §3). */
export function insistsOnReliable(invite: SipMessage): boolean {
  return invite.method === "INVITE" && headerValues(invite, "Require").includes("100rel");
}

/** Highest number a CSeq may have (RFC 3261 §8.1.1.5): the BYE of a server that counts by itself is never out of order. */
const LAST_CSEQ = 2 ** 31 - 1;

/** The BYE that the server sent to the peer by itself, as if the peer had sent it: for the call that leg is over. */
export function byeOfPeer(bye: SipMessage): SipMessage {
  return withHeaders(bye, (edit) => {
    edit
      .set("From", bye.get("To") ?? "")
      .set("To", bye.get("From") ?? "")
      .set("CSeq", `${LAST_CSEQ} BYE`);
  });
}

/** A server passes no 100 up. Without one the connect timer would end every call that is slow to ring. */
export function assumedTrying(invite: SipMessage): SipMessage {
  return responseTo(invite, 100);
}

/** Where a request goes first when nobody says so: its top Route, which the server does not read. */
export function topRoute(request: SipMessage): string | null {
  return headerAddresses(request, "Route")[0]?.uri ?? null;
}

function ownContact(message: SipMessage, edit: HeaderEdit): void {
  const contact = message.get("Contact");
  const address = contact === undefined ? undefined : parseNameAddr(contact);
  const uri = address === undefined ? undefined : parseSipUri(address.uri);
  if (address === undefined || uri === undefined) return;
  // The server looks for `@localhost`, so there has to be a user.
  const user = uri.user === undefined || uri.user === "" ? "tandem" : uri.user;
  const params = uri.params.filter(([name]) => name.toLowerCase() !== "transport");
  const here = formatUri({ ...uri, user, host: "localhost", port: undefined, params });
  edit.set("Contact", formatNameAddr({ ...address, uri: here }));
}

function withoutOptions(message: SipMessage, edit: HeaderEdit, name: string, unwanted: ReadonlySet<string>): void {
  const options = headerValues(message, name);
  const left = options.filter((option) => !unwanted.has(option.toLowerCase()));
  if (left.length === options.length) return;
  if (left.length === 0) edit.remove(name);
  else edit.set(name, left.join(", "));
}
