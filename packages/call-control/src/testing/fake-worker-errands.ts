import { err, ok, type Failure, type Result } from "@tandem/domain";
import type { Errand, ErrandResult, Unwatch, WorkerErrands } from "../ports/index.ts";

/** The WorkerErrands contract within one process. */
export class FakeWorkerErrands implements WorkerErrands {
  readonly #servers: { readonly pool: string; readonly run: (errand: Errand) => Promise<ErrandResult> }[] = [];
  #turn = 0;

  async request(errand: Errand): Promise<Result<ErrandResult, Failure>> {
    const able = this.#servers.filter(({ pool }) => pool === errand.pool);
    const server = able[(this.#turn += 1) % Math.max(able.length, 1)];
    if (server === undefined) return err({ code: "worker-lost", detail: "no worker of the pool takes errands" });
    return ok(await server.run(errand));
  }

  serve(pool: string, run: (errand: Errand) => Promise<ErrandResult>): Promise<Result<Unwatch, Failure>> {
    const server = { pool, run };
    this.#servers.push(server);
    return Promise.resolve(ok(() => Promise.resolve(void this.#servers.splice(this.#servers.indexOf(server), 1))));
  }
}
