import { FakePoolScaler } from "@tandem/call-control/testing";
import { describePoolScaler } from "@tandem/testkit/contracts";
import { describe, expect, it, vi } from "vitest";
import { createSupervisorScaler, serveScaler } from "../src/index.ts";

const TOKEN = "t".repeat(32);

async function served() {
  const fake = new FakePoolScaler({ east: { workers: 1, edges: 1 } });
  const server = await serveScaler(fake, { address: { host: "127.0.0.1", port: 0 }, token: TOKEN });
  return { fake, server };
}

describe("the supervisor's scaler", () => {
  describePoolScaler(async () => {
    const { server } = await served();
    return {
      subject: createSupervisorScaler(server.url, TOKEN),
      another: () => createSupervisorScaler(server.url, TOKEN),
      elapse: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => server.close(),
    };
  });
});

describe("the supervisor", () => {
  it("without the token changes nothing and tells nothing", async () => {
    const { fake, server } = await served();
    const stranger = createSupervisorScaler(server.url, "x");
    expect(await stranger.scale("east", { workers: 9 })).toMatchObject({ error: { code: "scaler-unavailable" } });
    expect((await fetch(`${server.url}/pools/east`)).status).toBe(401);
    expect(fake.sizes.get("east")?.workers).toBe(1);
    await server.close();
  });

  it.each(["", "{", '{"workers":"2"}', '{"workers":2,"nonsense":1}', `{"workers":${"2".repeat(2_000)}}`])(
    "refuses the body %j",
    async (body) => {
      const { server } = await served();
      const headers = { authorization: `Bearer ${TOKEN}` };
      const answer = await fetch(`${server.url}/pools/east`, { method: "PUT", body, headers });
      expect(answer.status).toBe(400);
      await server.close();
    },
  );

  it("refuses a pool's name that cannot be decoded", async () => {
    const { server } = await served();
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect((await fetch(`${server.url}/pools/%zz`, { headers })).status).toBe(400);
    await server.close();
  });

  it("answers 500 when its scaler throws, and goes on", async () => {
    const { fake, server } = await served();
    vi.spyOn(fake, "read").mockRejectedValueOnce(new Error("no process table"));
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect((await fetch(`${server.url}/pools/east`, { headers })).status).toBe(500);
    expect((await fetch(`${server.url}/pools/east`, { headers })).status).toBe(200);
    await server.close();
  });

  it("that is gone is scaler-unavailable", async () => {
    const { server } = await served();
    await server.close();
    const failed = await createSupervisorScaler(server.url, TOKEN).read("east");
    expect(failed).toMatchObject({ ok: false, error: { code: "scaler-unavailable" } });
  });
});
