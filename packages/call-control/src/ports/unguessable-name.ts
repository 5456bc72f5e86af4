/** A new name of letters and digits, at least 10 and at most 32, that nobody can guess. Injected: the packages around it have no randomness. */
export type UnguessableName = () => string;
