import { z } from "zod";

const size = z.object({ workers: z.number(), edges: z.number() });

/** What the supervisor answers to a request it could serve. */
export const scaleAnswer = z.object({ desired: size, current: size });

/** What it answers otherwise: a code of the failure catalogue. */
export const failureAnswer = z.object({ code: z.string(), detail: z.string() });

/** The wanted size; its range is judged by the scaler. */
export const scaleRequest = z.strictObject({ workers: z.number(), edges: z.number().optional() });
