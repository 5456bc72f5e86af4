const SEPARATOR = "\u001F";

/** A metric whose labelled children count on their own. */
interface Labelled<Child> {
  labels(...values: string[]): Child;
}

/**
 * The children of a metric by their label values, in the catalogue's order of labels, each looked up in the metric once: the library sorts and joins
 * label names at every look. The values must be bounded, as for every label.
 */
export function children<Child>(metric: Labelled<Child>): (...values: string[]) => Child {
  const known = new Map<string, Child>();
  return (...values) => {
    const key = values.join(SEPARATOR);
    let child = known.get(key);
    if (child === undefined) known.set(key, (child = metric.labels(...values)));
    return child;
  };
}
