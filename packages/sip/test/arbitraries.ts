import * as fc from "fast-check";

const TOKEN = "abcXYZ019-.!%*_+`'~";

/** A token (RFC 3261 §25.1). */
export const token = fc.string({ unit: fc.constantFrom(...TOKEN.split("")), minLength: 1, maxLength: 12 });

const plain = fc.string({ unit: fc.constantFrom(..."abcXYZ019-_.!~*'".split("")), minLength: 1, maxLength: 10 });

const escaped = fc.oneof(plain, fc.constantFrom("%20", "%3B", "%25", "%41", "a%40b"));

const host = fc.oneof(
  fc.constantFrom("example.com", "192.0.2.1", "[2001:db8::1]", "[::ffff:192.0.2.1]", "EXAMPLE.com"),
  fc.string({ unit: fc.constantFrom(..."abz09-".split("")), minLength: 1, maxLength: 8 }),
);

const pair = fc
  .tuple(plain, fc.option(escaped, { nil: undefined }))
  .map(([name, value]) => (value === undefined ? name : `${name}=${value}`));

/** A SIP URI as text. */
export const sipUri = fc
  .record({
    scheme: fc.constantFrom("sip", "sips"),
    user: fc.option(fc.tuple(escaped, fc.option(plain, { nil: undefined })), { nil: undefined }),
    host,
    port: fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: undefined }),
    params: fc.array(fc.oneof(pair, fc.constantFrom("lr", "transport=tcp", "user=phone", "maddr=h", "ttl=1")), {
      maxLength: 4,
    }),
    headers: fc.array(pair, { maxLength: 3 }),
  })
  .map(({ scheme, user, host: name, port, params, headers }) => {
    const password = user?.[1] === undefined ? "" : `:${user[1]}`;
    const info = user === undefined ? "" : `${user[0]}${password}@`;
    const tail = params.map((each) => `;${each}`).join("");
    const query = headers.length === 0 ? "" : `?${headers.join("&")}`;
    return `${scheme}:${info}${name}${port === undefined ? "" : `:${port}`}${tail}${query}`;
  });

/** Any latin1 text without line ends. */
export const latin1Line = fc
  .string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 40 })
  .map((text) => text.replace(/[\r\n]/g, "."));

/** Any latin1 text. */
export const latin1 = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 200,
});

/** A header value: no line ends, no blanks at its ends, as reading gives it. */
export const headerValue = latin1Line.map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ""));

/** Header names: well-known ones in odd cases, compact ones, unknown ones. */
export const headerName = fc.oneof(
  fc.constantFrom(
    "Via",
    "VIA",
    "v",
    "From",
    "f",
    "t",
    "To",
    "call-id",
    "I",
    "CSeq",
    "Max-Forwards",
    "Contact",
    "Route",
    "Subject",
    "k",
  ),
  token,
);

/** A message as text, CRLF lines, no Content-Length. */
export const messageText = fc
  .record({
    start: fc.oneof(
      fc.tuple(token, sipUri).map(([method, uri]) => `${method} ${uri} SIP/2.0`),
      fc.constantFrom("SIP/2.0 200 OK", "SIP/2.0 180 "),
    ),
    headers: fc.array(
      fc
        .tuple(headerName, fc.constantFrom(":", ": ", " : ", ":\t", ":\r\n "), headerValue)
        .map((parts) => parts.join("")),
      { maxLength: 12 },
    ),
    body: latin1,
  })
  .filter(({ headers }) => !headers.some((line) => /^(l|content-length)[ \t]*:/i.test(line)))
  .map(({ start, headers, body }) => `${[start, ...headers].join("\r\n")}\r\n\r\n${body}`);
