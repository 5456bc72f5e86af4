import {
  FakeCallbackBook,
  FakeCallStore,
  FakeEmergencyPathBoard,
  FakeEmergencyRecordBook,
  FakeNotificationBook,
  FakeLocationDatabase,
  FakeMediaMixer,
  FakeMediaRelay,
  FakePoolScaler,
  FakeProbeExchange,
  FakeSetupClaims,
  FakeTopologyRegistry,
  FakeTrunkGate,
  FakeTrunkHealthBoard,
} from "@tandem/call-control/testing";
import {
  describeCallbackBook,
  describeCallStore,
  describeEmergencyPathBoard,
  describeEmergencyRecordBook,
  describeNotificationBook,
  describeLocationDatabase,
  describeMediaMixer,
  describeMediaRelay,
  describePoolScaler,
  describeProbeExchange,
  describeSetupClaims,
  describeTopologyRegistry,
  describeTrunkGate,
  describeTrunkHealthBoard,
  type Harness,
} from "@tandem/testkit/contracts";
import { describe } from "vitest";

/** A fake is one process's: every instance of the harness is the same one. */
function inMemory<Subject>(create: () => Subject): () => Promise<Harness<Subject>> {
  return () => {
    const subject = create();
    return Promise.resolve({
      subject,
      another: () => subject,
      elapse: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  };
}

describe("the fake call store", () => {
  describeCallStore(inMemory(() => new FakeCallStore()));
});

describe("the fake callback book", () => {
  describeCallbackBook(inMemory(() => new FakeCallbackBook()));
});

describe("the fake setup claims", () => {
  describeSetupClaims(inMemory(() => new FakeSetupClaims()));
});

describe("the fake media relay", () => {
  const relays = inMemory(() => {
    const media = new FakeMediaRelay();
    media.away.add("away");
    return media;
  });
  describeMediaRelay(async () => ({ ...(await relays()), relay: "relay", silent: "away" }));
});

describe("the fake media mixer", () => {
  const mixers = inMemory(() => {
    const mixer = new FakeMediaMixer();
    mixer.away.add("away");
    return mixer;
  });
  describeMediaMixer(async () => ({ ...(await mixers()), mixer: "mixer", silent: "away" }));
});

describe("the fake notification book", () => {
  describeNotificationBook(inMemory(() => new FakeNotificationBook()));
});

describe("the fake emergency records", () => {
  describeEmergencyRecordBook(inMemory(() => new FakeEmergencyRecordBook()));
});

describe("the fake emergency paths", () => {
  describeEmergencyPathBoard(inMemory(() => new FakeEmergencyPathBoard()));
});

describe("the fake trunk gate", () => {
  describeTrunkGate(inMemory(() => new FakeTrunkGate()));
});

describe("the fake topology registry", () => {
  describeTopologyRegistry(inMemory(() => new FakeTopologyRegistry()));
});

describe("the fake trunk health board", () => {
  describeTrunkHealthBoard(inMemory(() => new FakeTrunkHealthBoard()));
});

describe("the fake probe exchange", () => {
  describeProbeExchange(inMemory(() => new FakeProbeExchange()));
});

describe("the fake location database", () => {
  describeLocationDatabase(inMemory(() => new FakeLocationDatabase()));
});

describe("the fake pool scaler", () => {
  describePoolScaler(inMemory(() => new FakePoolScaler({ east: { workers: 1, edges: 1 } })));
});
