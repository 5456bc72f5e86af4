import type { MetricDefinition } from "./metric-definition.ts";

/** The part of the catalogue that is about the mixer of emergency calls with a two-way security desk. */
export const MIXER_METRICS = {
  tandem_mixer_conferences: {
    type: "gauge",
    help: "Emergency calls that are mixed with their security desk here, and those whose desk is being called.",
    labels: [],
    process: "media-mixer",
  },
  tandem_mixer_packets_total: {
    type: "counter",
    help: "RTP packets of the mixer: received, sent, and discarded (from elsewhere than the relay, or in no format agreed).",
    labels: ["what"],
    process: "media-mixer",
  },
  tandem_mixer_late_frames_total: {
    type: "counter",
    help: "Frames of 20 ms left out because the process stood still or had too much to do.",
    labels: [],
    process: "media-mixer",
  },
} as const satisfies Record<string, MetricDefinition>;
