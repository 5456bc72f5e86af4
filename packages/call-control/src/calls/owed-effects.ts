import type { Effect } from "@tandem/domain";
import { effectName } from "./effect-name.ts";

/** What a replay asks for that was not done, with the save that goes ahead of it. */
export function owedOf(effects: readonly Effect[], done: readonly Effect[]): readonly Effect[] {
  const names = new Set(done.map(effectName));
  const isOwed = (effect: Effect): boolean => effect.kind !== "save-lazily" && !names.has(effectName(effect));
  const owed = effects.filter((effect) => effect.kind !== "save" && isOwed(effect));
  return owed.length === 0 ? [] : [...effects.filter(({ kind }) => kind === "save"), ...owed];
}
