import { AppProcess } from "@tandem/testkit";

const MAIN = new URL("../src/main.ts", import.meta.url);

/** A sip-worker in a process of its own. */
export class WorkerProcess extends AppProcess {
  constructor(environment: Readonly<Record<string, string>>) {
    super(MAIN, environment);
  }

  /** Waits for the ready line; gives the base URL of the probe server. */
  async ready(): Promise<string> {
    const entry = await this.readyLine();
    return `http://${String(entry["http"])}`;
  }

  /** Port of a listener, once it is ready; of a fused worker only. */
  port(listener: string): number {
    const entry = this.lines.find(({ msg }) => msg === "ready");
    const listeners = (entry?.["listeners"] ?? []) as readonly { readonly name: string; readonly address: string }[];
    return Number(
      listeners
        .find(({ name }) => name === listener)
        ?.address.split(":")
        .at(-1),
    );
  }
}
