/** One resource limit: its default, its range, its unit and why it exists. */
export interface LimitSpec {
  /** Used when the caller names none. */
  readonly default: number;
  /** Smallest value allowed. */
  readonly min: number;
  /** Largest value allowed. */
  readonly max: number;
  /** What is counted: `bytes`, `ms`, `messages`, … */
  readonly unit: string;
  /** What happens without the limit, in one sentence. */
  readonly reason: string;
}

/** The limits of one package by field name. */
export type LimitTable = Readonly<Record<string, LimitSpec>>;

/** The values of a {@link LimitTable}. */
export type Limits<T extends LimitTable> = { readonly [K in keyof T]: number };

/**
 * Completes `chosen` with defaults and checks every field.
 *
 * @throws RangeError naming every field that is unknown, not an integer, or out of range.
 */
export function resolveLimits<T extends LimitTable>(
  table: T,
  chosen: Partial<Limits<T>> = {},
): Limits<T> {
  const wrong: string[] = [];
  for (const field of Object.keys(chosen)) {
    if (!Object.hasOwn(table, field)) wrong.push(`${field}: no such limit`);
  }
  const resolved: Record<string, number> = {};
  for (const [field, spec] of Object.entries(table)) {
    const value = chosen[field] ?? spec.default;
    resolved[field] = value;
    if (!Number.isSafeInteger(value) || value < spec.min || value > spec.max) {
      wrong.push(`${field}: ${value} is not an integer in ${spec.min}..${spec.max} ${spec.unit}`);
    }
  }
  if (wrong.length > 0) throw new RangeError(wrong.join("; "));
  return resolved as Limits<T>;
}
