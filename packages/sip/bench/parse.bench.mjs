/**
 * CPU time to read and to write SIP messages: this package, drachtio-srf's parser and the npm package `sip`, in turn, on the same messages.
 *
 *   node --conditions=@tandem/source packages/sip/bench/parse.bench.mjs [--json FILE] [--rounds N]
 *
 * Reading means: top Via (branch, sent-by), From tag, To tag, Call-ID and CSeq as values. Writing means: push a Via, lower Max-Forwards, format,
 * and encode to bytes (a string put together from pieces costs its copying only then).
 */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { formatMessage, parseCSeq, parseMessage, readTag, topVia, withHeaders } from "@tandem/sip";

const require = createRequire(import.meta.url);
const drachtio = require("drachtio-srf/lib/sip-parser/parser.js");
const npmSip = require("sip");

const { values: options } = parseArgs({
  options: { json: { type: "string" }, rounds: { type: "string", default: "9" } },
});
const rounds = Number(options.rounds);
const ROUND_MS = 120;
const VARIANTS = 64;

const sdp = [
  "v=0",
  "o=core 8541236 1 IN IP4 192.0.2.10",
  "s=-",
  "c=IN IP4 192.0.2.10",
  "t=0 0",
  "m=audio 30000 RTP/AVP 0 8 18 101",
  "a=rtpmap:0 PCMU/8000",
  "a=rtpmap:8 PCMA/8000",
  "a=rtpmap:18 G729/8000",
  "a=fmtp:18 annexb=no",
  "a=rtpmap:101 telephone-event/8000",
  "a=fmtp:101 0-16",
  "a=ptime:20",
  "a=sendrecv",
  "",
].join("\r\n");

function message(lines, body) {
  return [...lines, `Content-Length: ${body.length}`, "", body].join("\r\n");
}

const common = (n) => [
  `Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK776asdhds${n}`,
  `From: "Alice Example" <sip:+15551230001@core.example.com;user=phone>;tag=1928301774${n}`,
  `Call-ID: a84b4c76e66710-${n}@192.0.2.1`,
];

const kinds = {
  INVITE: (n) =>
    message(
      [
        "INVITE sip:+15557654321@gw.example.com:5060;user=phone SIP/2.0",
        ...common(n),
        "To: <sip:+15557654321@gw.example.com;user=phone>",
        "CSeq: 102 INVITE",
        "Max-Forwards: 69",
        "Contact: <sip:+15551230001@192.0.2.1:5060;transport=udp>",
        "Record-Route: <sip:edge.example.com;lr>",
        "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY",
        "Supported: 100rel, timer, replaces",
        "Session-Expires: 1800;refresher=uac",
        "Min-SE: 90",
        'P-Asserted-Identity: "Alice Example" <sip:+15551230001@core.example.com;user=phone>',
        "User-Agent: Example PBX 4.2",
        "Date: Sat, 15 Oct 2005 04:44:56 GMT",
        "Diversion: <sip:+15559990000@core.example.com>;reason=unconditional;counter=1;privacy=off",
        "Privacy: none",
        "Content-Type: application/sdp",
      ],
      sdp,
    ),
  "200 to INVITE": (n) =>
    message(
      [
        "SIP/2.0 200 OK",
        ...common(n),
        "To: <sip:+15557654321@gw.example.com;user=phone>;tag=a6c85cf",
        "CSeq: 102 INVITE",
        "Contact: <sip:+15557654321@192.0.2.9:5060>",
        "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE",
        "Content-Type: application/sdp",
      ],
      sdp,
    ),
  BYE: (n) =>
    message(
      [
        "BYE sip:+15551230001@192.0.2.1:5060;transport=udp SIP/2.0",
        ...common(n),
        "To: <sip:+15557654321@gw.example.com;user=phone>;tag=a6c85cf",
        "CSeq: 103 BYE",
        "Max-Forwards: 70",
      ],
      "",
    ),
};

const NEW_VIA = "SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bKnewbranch";

const tandem = {
  read(text) {
    const parsed = parseMessage(text);
    if (!parsed.ok) throw new Error(parsed.error.reason);
    const found = parsed.value;
    const via = topVia(found);
    const cseq = parseCSeq(found.get("CSeq"));
    return [
      via.branch,
      via.host,
      readTag(found.get("From")),
      readTag(found.get("To")),
      found.get("Call-ID"),
      cseq.method,
    ];
  },
  load: (text) => parseMessage(text).value,
  write: (found) => formatMessage(withHeaders(found, (edit) => edit.prepend("Via", NEW_VIA).set("Max-Forwards", "68"))),
};

const drachtioSrf = {
  read(text) {
    const { headers } = drachtio.parseSipMessage(text, true);
    const parse = (name) => drachtio.getParser(name)({ s: headers[name], i: 0 });
    const [via] = parse("via");
    return [
      via.params.branch,
      via.host,
      parse("from").params.tag,
      parse("to").params.tag,
      headers["call-id"],
      parse("cseq").method,
    ];
  },
  load: (text) => drachtio.parseSipMessage(text, true),
  write: (found) =>
    drachtio.stringifySipMessage({
      ...found,
      headers: { ...found.headers, via: `${NEW_VIA}\r\nVia: ${found.headers.via}`, "max-forwards": "68" },
    }),
};

const sip = {
  read(text) {
    const { headers } = npmSip.parse(text);
    const [via] = headers.via;
    return [
      via.params.branch,
      via.host,
      headers.from.params.tag,
      headers.to.params.tag,
      headers["call-id"],
      headers.cseq.method,
    ];
  },
  load: (text) => npmSip.parse(text),
  write: (found) => {
    const via = {
      version: "2.0",
      protocol: "UDP",
      host: "192.0.2.77",
      port: 5060,
      params: { branch: "z9hG4bKnewbranch" },
    };
    return npmSip.stringify({
      ...found,
      headers: { ...found.headers, via: [via, ...found.headers.via], "max-forwards": 68 },
    });
  },
};

const peers = { tandem, "drachtio-srf": drachtioSrf, "npm sip": sip };
let sink = 0;

/** CPU microseconds per call of `work` over one round. */
function measure(work, inputs) {
  let count = 0;
  const started = process.cpuUsage();
  const end = performance.now() + ROUND_MS;
  while (performance.now() < end) {
    for (const input of inputs) sink += work(input).length;
    count += inputs.length;
  }
  const used = process.cpuUsage(started);
  return (used.user + used.system) / count;
}

function median(list) {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
}

const rows = [];
for (const [kind, make] of Object.entries(kinds)) {
  const texts = Array.from({ length: VARIANTS }, (_, n) => make(n));
  const expected = JSON.stringify(tandem.read(texts[0]));
  for (const peer of Object.values(peers)) {
    if (JSON.stringify(peer.read(texts[0])) !== expected)
      throw new Error(`readings differ: ${JSON.stringify(peer.read(texts[0]))}`);
  }
  const samples = new Map();
  for (let round = -2; round < rounds; round++) {
    for (const [name, peer] of Object.entries(peers)) {
      const sample = samples.get(name) ?? { read: [], write: [] };
      samples.set(name, sample);
      const read = measure(peer.read, texts);
      const write = measure((found) => Buffer.from(peer.write(found), "latin1"), texts.map(peer.load));
      if (round < 0) continue;
      sample.read.push(read);
      sample.write.push(write);
    }
  }
  for (const [name, sample] of samples) {
    rows.push({
      message: kind,
      bytes: texts[0].length,
      parser: name,
      readMicroseconds: Number(median(sample.read).toFixed(2)),
      editAndWriteMicroseconds: Number(median(sample.write).toFixed(2)),
    });
  }
}

const cell = (value, width) => String(value).padEnd(width);
process.stdout.write(
  `${cell("message", 16)}${cell("bytes", 7)}${cell("parser", 14)}${cell("read µs", 9)}edit + write µs\n`,
);
for (const row of rows) {
  process.stdout.write(
    `${cell(row.message, 16)}${cell(row.bytes, 7)}${cell(row.parser, 14)}${cell(row.readMicroseconds, 9)}${row.editAndWriteMicroseconds}\n`,
  );
}
if (options.json !== undefined)
  writeFileSync(options.json, `${JSON.stringify({ node: process.version, rounds, rows }, null, 2)}\n`);
if (sink === 0) throw new Error("nothing was measured");
