/**
 * What two ways of writing one callback number have in common: no `+`, no visual separators, no parameters, and no country code before a North American
 * number, since gateways and PSAPs write `+12125550100`, `12125550100` and `2125550100` for the same line. Empty: no number that could be called back.
 */
export function callbackKey(number: string): string {
  const bare = number.split(";", 1)[0]?.replaceAll(/[\s().+-]/g, "") ?? "";
  return /^1\d{10}$/.test(bare) ? bare.slice(1) : bare.toLowerCase();
}
