import { SipPeer } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { startServerUnderTest, type ServerUnderTest } from "./server-under-test.ts";
import { SrfApplication } from "./srf-application.ts";

/** A server for all tests of a file; an application on it and a peer for each of them. */
export interface ApplicationRig {
  readonly server: ServerUnderTest;
  readonly app: SrfApplication;
  readonly peer: SipPeer;
}

/** To be called once in a file. `user` is the peer's name; the application has routes for these methods. */
export function applicationRig(user: string, methods: readonly string[] = []): ApplicationRig {
  const rig = {} as { -readonly [part in keyof ApplicationRig]: ApplicationRig[part] };
  beforeAll(async () => {
    rig.server = await startServerUnderTest();
  });
  afterAll(() => rig.server.close());
  beforeEach(async () => {
    rig.peer = await SipPeer.open({ user });
    rig.app = await SrfApplication.connect(rig.server, methods);
  });
  afterEach(async () => {
    rig.app.disconnect();
    await rig.peer.close();
  });
  return rig;
}
