import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  decodeEscapes,
  formatMessage,
  hasToken,
  headerAddresses,
  headerValues,
  latin1Text,
  parseCSeq,
  parseDatagram,
  parseMediaType,
  parseMessage,
  parseNameAddr,
  parseSipUri,
  parseVia,
  readTag,
  topVia,
  userParts,
  validateRequest,
  validateResponse,
  type SipMessage,
} from "@tandem/sip";

const corpus = new URL("corpus/rfc4475/", import.meta.url);

function bytesOf(name: string): Uint8Array {
  return readFileSync(new URL(`${name}.dat`, corpus));
}

/** What a UDP server does with the datagram: takes it, answers with a status, or drops it. */
function outcome(name: string): string {
  const parsed = parseDatagram(bytesOf(name));
  if (!parsed.ok) return parsed.error.salvaged === undefined ? "dropped" : `${parsed.error.status}`;
  const message = parsed.value;
  if (message.kind === "response") return validateResponse(message) === undefined ? "accepted" : "dropped";
  const fault = validateRequest(message);
  return fault === undefined ? "accepted" : `${fault.status} ${fault.detail}`;
}

function read(name: string): SipMessage {
  const parsed = parseDatagram(bytesOf(name));
  if (!parsed.ok) throw new Error(`${name}: ${parsed.error.reason}`);
  return parsed.value;
}

/** Rows in the order of the RFC. Where the RFC allows two outcomes the row shows the one chosen; the README lists them. */
const table: readonly (readonly [section: string, title: string, file: string, expected: string])[] = [
  ["3.1.1.1", "A Short Tortuous INVITE", "wsinv", "accepted"],
  ["3.1.1.2", "Wide Range of Valid Characters", "intmeth", "accepted"],
  ["3.1.1.3", "Valid Use of the % Escaping Mechanism", "esc01", "accepted"],
  ["3.1.1.4", "Escaped Nulls in URIs", "escnull", "accepted"],
  ["3.1.1.5", "Use of % When It Is Not an Escape", "esc02", "accepted"],
  ["3.1.1.6", "Message with No LWS between Display Name and <", "lwsdisp", "accepted"],
  ["3.1.1.7", "Long Values in Header Fields", "longreq", "accepted"],
  ["3.1.1.8", "Extra Trailing Octets in a UDP Datagram", "dblreq", "accepted"],
  ["3.1.1.9", "Semicolon-Separated Parameters in URI User Part", "semiuri", "accepted"],
  ["3.1.1.10", "Varied and Unknown Transport Types", "transports", "accepted"],
  ["3.1.1.11", "Multipart MIME Message", "mpart01", "accepted"],
  ["3.1.1.12", "Unusual Reason Phrase", "unreason", "accepted"],
  ["3.1.1.13", "Empty Reason Phrase", "noreason", "accepted"],
  ["3.1.2.1", "Extraneous Header Field Separators", "badinv01", "400 Bad Via"],
  ["3.1.2.2", "Content Length Larger Than Message", "clerr", "400"],
  ["3.1.2.3", "Negative Content-Length", "ncl", "400"],
  ["3.1.2.4", "Request Scalar Fields with Overlarge Values", "scalar02", "400 Bad CSeq"],
  ["3.1.2.5", "Response Scalar Fields with Overlarge Values", "scalarlg", "dropped"],
  ["3.1.2.6", "Unterminated Quoted String in Display Name", "quotbal", "400 Bad To"],
  ["3.1.2.7", "<> Enclosing Request-URI", "ltgtruri", "400 Malformed Request-URI"],
  ["3.1.2.8", "Malformed SIP Request-URI (embedded LWS)", "lwsruri", "400"],
  ["3.1.2.9", "Multiple SP Separating Request-Line Elements", "lwsstart", "400"],
  ["3.1.2.10", "SP Characters at End of Request-Line", "trws", "400"],
  ["3.1.2.11", "Escaped Headers in SIP Request-URI", "escruri", "400 Headers in Request-URI"],
  ["3.1.2.12", "Invalid Time Zone in Date Header Field", "baddate", "accepted"],
  ["3.1.2.13", "Failure to Enclose name-addr URI in <>", "regbadct", "400 Bad Contact"],
  ["3.1.2.14", "Spaces within addr-spec", "badaspec", "accepted"],
  // The archive's file ends without the empty line, so it is no complete message; the next test reads it with one.
  ["3.1.2.15", "Non-token Characters in Display Name", "baddn", "400"],
  ["3.1.2.16", "Unknown Protocol Version", "badvers", "505"],
  ["3.1.2.17", "Start Line and CSeq Method Mismatch", "mismatch01", "400 Method mismatch in CSeq"],
  ["3.1.2.18", "Unknown Method with CSeq Method Mismatch", "mismatch02", "400 Method mismatch in CSeq"],
  ["3.1.2.19", "Overlarge Response Code", "bigcode", "dropped"],
  ["3.2.1", "Missing Transaction Identifier", "badbranch", "accepted"],
  ["3.3.1", "Missing Required Header Fields", "insuf", "400 Missing From"],
  ["3.3.2", "Request-URI with Unknown Scheme", "unkscm", "416 Unsupported URI Scheme"],
  ["3.3.3", "Request-URI with Known but Atypical Scheme", "novelsc", "416 Unsupported URI Scheme"],
  ["3.3.4", "Unknown URI Schemes in Header Fields", "unksm2", "accepted"],
  ["3.3.5", "Proxy-Require and Require", "bext01", "accepted"],
  ["3.3.6", "Unknown Content-Type", "invut", "accepted"],
  ["3.3.7", "Unknown Authorization Scheme", "regaut01", "accepted"],
  ["3.3.8", "Multiple Values in Single Value Required Fields", "multi01", "400 Repeated CSeq"],
  ["3.3.9", "Multiple Content-Length Values", "mcl01", "400 Repeated Content-Length"],
  ["3.3.10", "200 OK Response with Broadcast Via Header Field Value", "bcast", "dropped"],
  ["3.3.11", "Max-Forwards of Zero", "zeromf", "accepted"],
  ["3.3.12", "REGISTER with a Contact Header Parameter", "cparam01", "accepted"],
  ["3.3.13", "REGISTER with a url-parameter", "cparam02", "accepted"],
  ["3.3.14", "REGISTER with a URL Escaped Header", "regescrt", "accepted"],
  ["3.3.15", "Unacceptable Accept Offering", "sdp01", "accepted"],
  ["3.4.1", "INVITE with RFC 2543 Syntax", "inv2543", "accepted"],
];

describe("RFC 4475 torture messages", () => {
  test.each(table)("%s %s (%s)", (_section, _title, file, expected) => {
    expect(outcome(file)).toBe(expected);
  });

  test("every message of the RFC's archive has a row", () => {
    const files = readdirSync(corpus).map((name) => name.replace(".dat", ""));
    expect(table.map((row) => row[2]).sort()).toEqual(files.sort());
  });

  test.each(table)("%s %s (%s): what was read is written back byte for byte", (_section, _title, file) => {
    const text = latin1Text(bytesOf(file));
    const parsed = parseMessage(text);
    if (!parsed.ok) return expect(parsed.error.detail).not.toBe("");
    const length = parsed.value.getAll("Content-Length");
    const formatted = formatMessage(parsed.value);
    if (length.length === 1 && Number(length[0]) === parsed.value.body.length) expect(formatted).toBe(text);
    else expect(formatted.endsWith(`\r\n\r\n${parsed.value.body}`)).toBe(true);
  });
});

describe("RFC 4475 messages that can be answered", () => {
  test.each(["clerr", "ncl", "lwsruri", "lwsstart", "trws", "badvers", "baddn"])(
    "%s keeps what a response copies",
    (file) => {
      const parsed = parseDatagram(bytesOf(file));
      expect(parsed.ok).toBe(false);
      if (parsed.ok) return;
      expect(parsed.error.answerable).toBe(true);
      expect(parsed.error.salvaged?.get("Call-ID")).toContain(file);
    },
  );
});

describe("RFC 4475 details", () => {
  test("wsinv: folds, blanks, compact and long forms read as one message", () => {
    const message = read("wsinv");
    expect(message.get("To")).toBe("sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n");
    expect(readTag(message.get("To") ?? "")).toBe("1918181833n");
    expect(readTag(message.get("From") ?? "")).toBe("98asjd8");
    expect(parseNameAddr(message.get("From") ?? "")?.displayName).toBe('J Rosenberg \\"');
    expect(parseCSeq(message.get("CSeq") ?? "")).toEqual({ sequence: 9, method: "INVITE" });
    expect(message.get("Max-Forwards")).toBe("0068");
    expect(message.get("Subject")).toBe("");
    expect(message.get("NewFangledHeader")).toBe("newfangled value continued newfangled value");
    expect(message.get("unknownheaderwithunusualvalue")).toBe(";;,,;;,;");
    const vias = headerValues(message, "Via").map((value) => parseVia(value));
    expect(vias.map((via) => [via?.transport, via?.host, via?.branch])).toEqual([
      ["UDP", "192.0.2.2", "390skdjuw"],
      ["TCP", "spindle.example.com", "z9hG4bK9ikj8"],
      ["UDP", "192.168.255.111", "z9hG4bK30239"],
    ]);
    const [contact] = headerAddresses(message, "Contact");
    expect(contact?.displayName).toBe('Quoted string ""');
    expect(contact?.params).toEqual([
      ["newparam", "newvalue"],
      ["secondparam", undefined],
      ["q", "0.33"],
    ]);
  });

  test("intmeth: unusual method, URI and quoted pairs with raw control characters", () => {
    const message = read("intmeth");
    expect(message.method).toBe("!interesting-Method0123456789_*+`.%indeed'~");
    expect(parseSipUri(message.uri)).toMatchObject({
      user: "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
      password: "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
      host: "example.com",
    });
    expect(parseNameAddr(message.get("To") ?? "")?.displayName).toBe("BEL:\x07 NUL:\0 DEL:\x7f");
    expect(parseNameAddr(message.get("From") ?? "")?.displayName).toBe("token1~` token2'+_ token3*%!.-");
    expect(readTag(message.get("From") ?? "")).toBe("_token~1'+`*%!-.");
  });

  test("esc01: escapes in user parts are resolved once", () => {
    const message = read("esc01");
    expect(userParts(parseSipUri(message.uri)?.user ?? "").name).toBe("sips:user@example.com");
    const [contact] = headerAddresses(message, "Contact");
    const uri = parseSipUri(contact?.uri ?? "");
    expect(uri?.params.map(([name, value]) => [decodeEscapes(name), decodeEscapes(value ?? "")])).toEqual([
      ["lr", ""],
      ["name", "value%41"],
    ]);
  });

  test("escnull: an escaped NUL is a character of the user part", () => {
    const users = headerAddresses(read("escnull"), "Contact").map((each) => parseSipUri(each.uri)?.user ?? "");
    expect(users.map((user) => userParts(user).name)).toEqual(["\0", "\0\0"]);
  });

  test("esc02: % in methods and header names is no escape", () => {
    const message = read("esc02");
    expect(message.method).toBe("RE%47IST%45R");
    expect(message.getAll("Contact")).toHaveLength(2);
    expect(message.has("C%6Fntact")).toBe(true);
  });

  test("longreq: 34 Via lines in every spelling are Via", () => {
    const message = read("longreq");
    expect(message.getAll("Via")).toHaveLength(34);
    expect(topVia(message)?.host).toBe("sip33.example.com");
  });

  test("dblreq: octets after Content-Length are not part of the message", () => {
    expect(read("dblreq").body).toBe("");
  });

  test("semiuri: the user part keeps its semicolon and escape", () => {
    const uri = parseSipUri(read("semiuri").uri);
    expect(uri?.user).toBe("user;par=u%40example.net");
    expect(uri?.params).toEqual([]);
    expect(hasToken(read("semiuri"), "Accept", "message/sipfrag")).toBe(true);
  });

  test("transports: an unknown transport is read as any other", () => {
    const transports = headerValues(read("transports"), "Via").map((value) => parseVia(value)?.transport);
    expect(transports).toEqual(["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
  });

  test("mpart01: the body is 553 octets with a boundary", () => {
    const message = read("mpart01");
    expect(message.body).toHaveLength(553);
    expect(parseMediaType(message.get("Content-Type") ?? "")?.boundary).toBe("7a9cbec02ceef655");
  });

  test("unreason and noreason: the reason phrase is any UTF-8 text, even none", () => {
    expect(read("unreason").reason).toMatch(/^= 2\*\*3 \* 5\*\*2 /);
    expect(read("noreason")).toMatchObject({ status: 100, reason: "" });
  });

  test("baddn with its empty line: an unquoted comma in a From display name is forgiven", () => {
    const parsed = parseMessage(`${latin1Text(bytesOf("baddn"))}\r\n`);
    expect(parsed.ok && validateRequest(parsed.value)).toBeUndefined();
    expect(parsed.ok && parseNameAddr(parsed.value.get("From") ?? "")?.displayName).toBe("Bell, Alexander");
  });

  test("badaspec: blanks inside the brackets are dropped", () => {
    expect(parseNameAddr(read("badaspec").get("To") ?? "")?.uri).toBe("sip:t.watson@example.org");
  });

  test("badbranch: a bare magic cookie is a branch without an id", () => {
    expect(topVia(read("badbranch"))?.branch).toBe("z9hG4bK");
  });

  test("cparam01 and cparam02: a parameter belongs to the Contact outside brackets, to the URI inside", () => {
    const [outside] = headerAddresses(read("cparam01"), "Contact");
    const [inside] = headerAddresses(read("cparam02"), "Contact");
    expect(outside).toMatchObject({ uri: "sip:+19725552222@gw1.example.net", params: [["unknownparam", undefined]] });
    expect(inside).toMatchObject({ uri: "sip:+19725552222@gw1.example.net;unknownparam", params: [] });
  });
});
