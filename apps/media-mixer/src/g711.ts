/** The two laws of ITU-T G.711. */
export type Law = "PCMU" | "PCMA";

const MU_BIAS = 0x84;
const MU_MOST = 0x7fff - MU_BIAS;
const OCTETS = 256;

const LINEAR: Readonly<Record<Law, Int16Array>> = {
  PCMU: Int16Array.from({ length: OCTETS }, (_, octet) => fromMuLaw(octet)),
  PCMA: Int16Array.from({ length: OCTETS }, (_, octet) => fromALaw(octet)),
};

/** Samples of 16 bits from octets of G.711. */
export function decodeG711(law: Law, octets: Uint8Array): Int16Array {
  const table = LINEAR[law];
  return Int16Array.from(octets, (octet) => table[octet] ?? 0);
}

/** Octets of G.711 from samples; what is beyond 16 bits is cut off there. */
export function encodeG711(law: Law, samples: Int32Array): Uint8Array {
  const encode = law === "PCMU" ? toMuLaw : toALaw;
  return Uint8Array.from(samples, (sample) => encode(Math.max(-32_768, Math.min(32_767, sample))));
}

function fromMuLaw(octet: number): number {
  const inverted = ~octet & 0xff;
  const magnitude = (((inverted & 0x0f) << 3) + MU_BIAS) << ((inverted >> 4) & 0x07);
  return (inverted & 0x80) === 0 ? magnitude - MU_BIAS : MU_BIAS - magnitude;
}

function toMuLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), MU_MOST) + MU_BIAS;
  const segment = 31 - Math.clz32(magnitude) - 7;
  return ~(sign | (segment << 4) | ((magnitude >> (segment + 3)) & 0x0f)) & 0xff;
}

function fromALaw(octet: number): number {
  const even = octet ^ 0x55;
  const segment = (even >> 4) & 0x07;
  const step = ((even & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? step : (step + 0x100) << (segment - 1);
  return (even & 0x80) === 0 ? -magnitude : magnitude;
}

function toALaw(sample: number): number {
  const sign = sample < 0 ? 0 : 0x80;
  const magnitude = (sample < 0 ? -sample - 1 : sample) >> 4;
  const segment = magnitude < 0x20 ? Number(magnitude >= 0x10) : 31 - Math.clz32(magnitude) - 3;
  const step = segment < 2 ? magnitude & 0x0f : (magnitude >> (segment - 1)) & 0x0f;
  return (sign | (segment << 4) | step) ^ 0x55;
}
