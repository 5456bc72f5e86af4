import { buildRequest, buildResponse, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { BoundListener } from "@tandem/sip-endpoint";
import { describe, expect, test } from "vitest";
import { betterResponse } from "./best-response.ts";
import { branchRequest, hopsLeft } from "./branch-request.ts";
import { RecordRoutes } from "./record-route.ts";

const listener: BoundListener = {
  name: "outside",
  transport: "tcp",
  address: "0.0.0.0",
  port: 5060,
  advertisedAddress: "192.0.2.1",
  advertisedPort: 5060,
};

function request(headers: readonly HeaderLine[] = []): SipMessage {
  return buildRequest({
    method: "BYE",
    uri: "sip:b@198.51.100.9",
    headers: [["Via", "SIP/2.0/TCP a"], ["Call-ID", "c1"], ...headers],
  });
}

describe("record routes", () => {
  const routes = new RecordRoutes("s3cret");
  const ours = routes.make(listener, "c1");

  test("are loose, tell the transport, and are recognised for their call", () => {
    expect(ours).toMatch(/^<sip:192\.0\.2\.1:5060;transport=tcp;lr;tdm=[\w-]{22}>$/);
    expect(routes.leadsHere(request([["Route", `${ours}, <sip:next;lr>`]]))).toBe(true);
  });

  test.each<[string, readonly HeaderLine[]]>([
    ["no Route", []],
    ["a Route of another element", [["Route", "<sip:192.0.2.1:5060;lr>"]]],
    ["ours, but not first", [["Route", `<sip:other;lr>, ${ours}`]]],
    ["ours of another call: the edge is no open relay", [["Route", routes.make(listener, "c2")]]],
    ["of another pool's secret", [["Route", new RecordRoutes("other").make(listener, "c1")]]],
    ["an unreadable Route", [["Route", "<nonsense"]]],
  ])("%s does not lead here", (_name, headers) => {
    expect(routes.leadsHere(request(headers))).toBe(false);
  });
});

describe("a branch request, RFC 3261 §16.6", () => {
  const options = { target: "sip:t@203.0.113.1", recordRoute: null, dropFirstRoute: false, extra: [] };

  test.each([
    ["one hop less", [["Max-Forwards", "10"]], "9"],
    ["70 when it was missing, less this hop", [], "69"],
    ["never below zero", [["Max-Forwards", "0"]], "0"],
  ] as const)("Max-Forwards: %s", (_name, headers, expected) => {
    expect(branchRequest(request(headers), options).get("Max-Forwards")).toBe(expected);
  });

  test("target, Record-Route on top of others, Via kept, the application's headers", () => {
    const branch = branchRequest(request([["Record-Route", "<sip:before;lr>"]]), {
      ...options,
      recordRoute: "<sip:us;lr>",
      extra: [["X-Added", "yes"]],
    });
    expect([branch.uri, branch.getAll("Record-Route"), branch.getAll("Via"), branch.get("X-Added")]).toEqual([
      options.target,
      ["<sip:us;lr>", "<sip:before;lr>"],
      ["SIP/2.0/TCP a"],
      "yes",
    ]);
  });

  test.each([
    ["the only one", "<sip:us;lr>", []],
    ["one of several in a line", "<sip:us;lr>, <sip:next;lr>", ["<sip:next;lr>"]],
  ])("our Route is taken away: %s", (_name, route, left) => {
    const relayed = branchRequest(request([["Route", route]]), { ...options, dropFirstRoute: true });
    expect(relayed.getAll("Route")).toEqual(left);
  });

  test("hops left", () => {
    expect([hopsLeft(request()), hopsLeft(request([["Max-Forwards", "3"]]))]).toEqual([70, 3]);
  });
});

test.each([
  ["any 6xx beats everything", [404, 603, 302], 603],
  ["the lowest class", [503, 404, 302], 302],
  ["within 4xx, one that tells how to go on", [404, 407, 486], 407],
  ["else the first that came", [486, 404, 480], 486],
])("best response (RFC 3261 §16.7 step 6): %s", (_fact, statuses, best) => {
  const responses = statuses.map((status) => buildResponse({ status, method: "INVITE", headers: [] }));
  expect(responses.reduce<SipMessage | null>(betterResponse, null)?.status).toBe(best);
});
