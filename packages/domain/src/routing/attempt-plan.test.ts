import { describe, expect, test } from "vitest";
import { factsFor, gateway, listener, pool, sampleTopology, snapshotOf, trunk } from "../../test/topology-fixture.ts";
import { attemptPlans, legProfile, strangerProfile } from "./attempt-plan.ts";
import { decide } from "./decide.ts";
import { quietView } from "./live-view.ts";

const snapshot = snapshotOf(sampleTopology());

describe("leg profiles", () => {
  test("name the peer, the next hop and what peers are told of us", () => {
    expect(legProfile("a-east", snapshot)).toMatchObject({
      trunk: "a-east",
      pool: "east",
      listener: "pstn",
      transport: "udp",
      contactHost: "127.0.0.1:5062",
      peerHost: "198.51.100.1:5060",
      nextHop: "sip:198.51.100.1:5060;transport=udp;lr",
    });
  });

  test("a pool's name and a listener's advertised port stand in the Contact; IPv6 is bracketed; port 0 is left to DNS", () => {
    const change = sampleTopology({
      pools: [
        pool("named", [listener("l", 5060, { advertisedPort: 15_060 })], { fqdn: "pool.example.net" }),
        pool("six", [listener("l", 5060, { address: "2001:db8::1", transport: "tcp" })]),
      ],
      gateways: [gateway("dns", "sbc.example.net"), gateway("six", "2001:db8::9")],
      trunks: [trunk("by-srv", "named/l/dns/0"), trunk("by-six", "six/l/six/5070")],
      routes: [],
      dialPlans: [],
      emergency: { ...sampleTopology().emergency, trunks: [], fallbackTrunks: [] },
    });
    const other = snapshotOf(change);
    expect(legProfile("by-srv", other)).toMatchObject({
      contactHost: "pool.example.net:15060",
      peerHost: "sbc.example.net",
      nextHop: "sip:sbc.example.net;transport=udp;lr",
    });
    expect(legProfile("by-six", other)).toMatchObject({
      contactHost: "[2001:db8::1]:5060",
      peerHost: "[2001:db8::9]:5070",
      nextHop: "sip:[2001:db8::9]:5070;transport=tcp;lr",
    });
  });

  test("an unknown trunk has none", () => {
    expect(legProfile("nowhere", snapshot)).toBeNull();
  });

  test("a stranger's leg has no trunk and leads back to where it came from", () => {
    const from = { pool: "east", listener: "core", address: "192.0.2.77", port: 6070 };
    expect(strangerProfile(from, snapshot)).toMatchObject({
      trunk: "",
      contactHost: "127.0.0.1:5060",
      nextHop: "sip:192.0.2.77:6070;transport=udp;lr",
      trusted: false,
    });
    expect(strangerProfile({ ...from, listener: "nowhere" }, snapshot)).toBeNull();
  });
});

describe("attempt plans", () => {
  test("follow the decision's order and carry the trunk's timers", () => {
    const plans = attemptPlans(decide(factsFor("2125550100"), snapshot, quietView), snapshot);
    expect(plans.map((plan) => plan.profile.trunk)).toEqual(["a-east", "b-east", "b-west"]);
    expect(plans[0]).toMatchObject({
      route: "pstn",
      calledNumber: "+12125550100",
      progressTimeoutMs: 10_000,
      connectTimeoutMs: 4_000,
      ringTimeoutMs: 180_000,
    });
  });

  test("a rejection has none", () => {
    expect(attemptPlans(decide(factsFor("442555"), snapshot, quietView), snapshot)).toEqual([]);
  });
});
