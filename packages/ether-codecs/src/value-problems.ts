import { classifyValue, type Value } from "./value.js";

/** One thing wrong with a value. */
export interface ValueProblem {
  /** Steps from the value looked at to the part that is wrong. */
  readonly path: readonly (string | number)[];
  /** What is wrong. */
  readonly message: string;
}

/** Problems beyond this many are not looked for. */
const MAX_PROBLEMS = 64;

/** Levels of maps and lists. spec/xcp.md §13 */
const MAX_NESTING = 64;

/**
 * Lists what keeps `value` from being an Ether's value, at most 64 problems.
 *
 * @param level The level that `value` has, if it is a list or map.
 * @see spec/xcp.md §13
 */
export function valueProblems(value: unknown, level = 1): readonly ValueProblem[] {
  const problems: ValueProblem[] = [];
  visit(value, level, [], problems);
  return problems;
}

function visit(
  value: unknown,
  level: number,
  path: (string | number)[],
  problems: ValueProblem[],
): void {
  const add = (message: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push({ path: [...path], message });
  };
  const classified = classifyValue(value);
  switch (classified?.kind) {
    case undefined:
      return add(`${describe(value)} is no value`);
    case "number":
      if (!Number.isFinite(value)) add(`${String(value)} is allowed only in vectors and tensors`);
      return;
    case "bigint":
      if (!fitsWire(classified.value)) add(`${classified.value} fits neither i64 nor u64`);
      return;
    case "string":
      if (!classified.value.isWellFormed()) add("holds a lone surrogate");
      return;
    case "attachmentRef":
      if (!classified.value.id.isWellFormed()) add("its id holds a lone surrogate");
      return;
    case "list":
    case "map":
      if (level > MAX_NESTING) return add(`more than ${MAX_NESTING} levels of lists and maps`);
      return visitMembers(classified.value, level, path, problems);
    case "null":
    case "boolean":
    case "bytes":
    case "vector":
    case "tensor":
    case "quantized":
  }
}

function visitMembers(
  container: readonly Value[] | { readonly [key: string]: Value },
  level: number,
  path: (string | number)[],
  problems: ValueProblem[],
): void {
  const isList = Array.isArray(container);
  const members: Iterable<readonly [string | number, unknown]> = isList
    ? container.entries()
    : Object.entries(container);
  for (const [key, member] of members) {
    if (problems.length >= MAX_PROBLEMS) return;
    path.push(key);
    if (typeof key === "string" && !key.isWellFormed()) {
      problems.push({ path: [...path], message: "its key holds a lone surrogate" });
    }
    visit(member, level + 1, path, problems);
    path.pop();
  }
}

function fitsWire(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value;
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return `a ${typeof value}`;
  return `an object of ${value.constructor?.name ?? "no class"}`;
}
