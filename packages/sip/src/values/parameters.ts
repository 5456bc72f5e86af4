import { CHAR, trimBlanks } from "../characters.ts";
import { Cursor } from "./cursor.ts";
import { unquote } from "./quoted-string.ts";

/** One parameter as written: the value keeps its quotes and escapes, and is undefined when there is no `=`. */
export type Parameter = readonly [name: string, value: string | undefined];

/** Parameters in the order written. */
export type ParameterList = readonly Parameter[];

/**
 * Reads `;name=value;name` from `from` to the end (RFC 3261 §25.1 generic-param). Undefined when something else stands there, a name is empty
 * or no token, or a quoted string does not close. Values may be more than tokens and hosts: everything up to the next `;` counts.
 */
export function parseParameters(text: string, from = 0): ParameterList | undefined {
  const cursor = new Cursor(text, from);
  const list: Parameter[] = [];
  cursor.skipBlanks();
  while (!cursor.done) {
    if (!cursor.eat(CHAR.semicolon)) return undefined;
    const name = cursor.token();
    if (name === "") return undefined;
    if (!cursor.eat(CHAR.equals)) {
      list.push([name, undefined]);
      continue;
    }
    const value = parameterValue(cursor);
    if (value === undefined) return undefined;
    list.push([name, value]);
    cursor.skipBlanks();
  }
  return list;
}

function parameterValue(cursor: Cursor): string | undefined {
  if (cursor.code === CHAR.quote) return cursor.quoted();
  const start = cursor.at;
  let end = cursor.text.indexOf(";", start);
  if (end < 0) end = cursor.text.length;
  cursor.at = end;
  return trimBlanks(cursor.text, start, end);
}

/** Value of the first parameter of that name (case-insensitive), unquoted; undefined when absent or without a value. */
export function getParameter(list: ParameterList, name: string): string | undefined {
  const value = find(list, name)?.[1];
  return value === undefined ? undefined : unquote(value);
}

/** True when a parameter of that name (case-insensitive) is there, with a value or without. */
export function hasParameter(list: ParameterList, name: string): boolean {
  return find(list, name) !== undefined;
}

/** The list with that parameter set: in place when it is there, else last. The value is written as given (`quote` it if need be). */
export function withParameter(list: ParameterList, name: string, value?: string): ParameterList {
  const found = find(list, name);
  if (found === undefined) return [...list, [name, value]];
  return list.map((each) => (each === found ? [each[0], value] : each));
}

/** `;name=value;name`, empty for an empty list. */
export function formatParameters(list: ParameterList): string {
  let out = "";
  for (const [name, value] of list) out += value === undefined ? `;${name}` : `;${name}=${value}`;
  return out;
}

function find(list: ParameterList, name: string): Parameter | undefined {
  const lower = name.toLowerCase();
  for (const each of list) {
    if (each[0].length === lower.length && each[0].toLowerCase() === lower) return each;
  }
  return undefined;
}
