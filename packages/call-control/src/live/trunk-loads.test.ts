import { err, ok } from "@tandem/domain";
import { expect, test } from "vitest";
import { TrunkLoads } from "./trunk-loads.ts";

test("a call placed since the last reading counts at once, and once when the store tells of it", async () => {
  const loads = new TrunkLoads();
  const stored = new Map([["pstn-1", 3]]);
  await loads.read({ loads: async () => ok(stored) });
  loads.place("pstn-1");
  loads.place("pstn-2");
  expect([loads.of("pstn-1"), loads.of("pstn-2")]).toEqual([4, 1]);
  await loads.read({
    loads: async () => {
      loads.place("pstn-2");
      return ok(new Map(Object.entries({ "pstn-1": 4, "pstn-2": 1 })));
    },
  });
  expect([loads.of("pstn-1"), loads.of("pstn-2")]).toEqual([4, 2]);
});

test("a reading that fails changes nothing", async () => {
  const loads = new TrunkLoads();
  loads.place("pstn-1");
  await loads.read({ loads: async () => err({ code: "store-unavailable", detail: "" }) });
  expect(loads.of("pstn-1")).toBe(1);
});
