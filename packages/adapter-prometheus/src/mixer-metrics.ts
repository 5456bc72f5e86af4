import type { Registry } from "prom-client";
import { counter, gauge } from "./metric-set.ts";

/** What a mixer counts since its start; read once per scrape. */
export interface MixerSnapshot {
  readonly conferences: number;
  readonly received: number;
  readonly sent: number;
  readonly discarded: number;
  readonly lateFrames: number;
}

/** Metrics of a mixer's process. */
export function createMixerMetrics(registry: Registry, snapshot: () => MixerSnapshot): void {
  gauge(registry, "tandem_mixer_conferences", function collect() {
    this.set(snapshot().conferences);
  });
  counter(registry, "tandem_mixer_packets_total", function collect() {
    this.reset();
    const { received, sent, discarded } = snapshot();
    for (const [what, count] of Object.entries({ received, sent, discarded })) this.inc({ what }, count);
  });
  counter(registry, "tandem_mixer_late_frames_total", function collect() {
    this.reset();
    this.inc(snapshot().lateFrames);
  });
}
