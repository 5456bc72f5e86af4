import type { TimerName } from "./timers.ts";

/**
 * The outcome of one input: the next state and what has to be done, in order. What goes to the user comes last, so that the user may
 * give the machine another input while it is being told.
 */
export interface Step<State, Effect> {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** Set a timer; one that runs under the same name is replaced. */
export interface StartTimer {
  readonly type: "start-timer";
  readonly timer: TimerName;
  readonly ms: number;
}

/** Clear a timer; nothing happens if it does not run. */
export interface StopTimer {
  readonly type: "stop-timer";
  readonly timer: TimerName;
}

/** A timer that was started and not stopped is due. */
export interface TimerInput {
  readonly type: "timer";
  readonly timer: TimerName;
}

/** The transport could not deliver what the machine sent last. */
export interface TransportErrorInput {
  readonly type: "transport-error";
}

/** A response came, or the user gives one. */
export interface StatusInput<Type extends "response" | "respond"> {
  readonly type: Type;
  /** 100–699. */
  readonly status: number;
}

const NOTHING: readonly never[] = [];

/** The same state and nothing to do: the input is absorbed. */
export function stay<State>(state: State): Step<State, never> {
  return { state, effects: NOTHING };
}

/** The next state with its effects. */
export function go<State, Effects extends readonly unknown[]>(
  state: State,
  ...effects: Effects
): Step<State, Effects[number]> {
  return { state, effects };
}

export function startTimer(timer: TimerName, ms: number): StartTimer {
  return { type: "start-timer", timer, ms };
}

export function stopTimer(timer: TimerName): StopTimer {
  return { type: "stop-timer", timer };
}
