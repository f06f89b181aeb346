import { classifyValue, type Value, type ValueMap } from "@proj/ether-codecs";

/**
 * Compares what the sender computed with what the receiver computed.
 *
 * @param tolerance Largest relative difference of two numbers; 0 for codecs that lose nothing.
 * @returns One line per difference; empty when both agree.
 */
export function summaryDifferences(
  sent: ValueMap,
  received: ValueMap,
  tolerance: number,
): readonly string[] {
  const differences: string[] = [];
  compare("", sent, received, { tolerance, scale: 0 }, differences);
  return differences;
}

interface Allowance {
  readonly tolerance: number;
  /** Size of the numbers around: a mean near 0 of large numbers is off by their size, not by its own. */
  readonly scale: number;
}

function compare(
  path: string,
  sent: Value | undefined,
  received: Value | undefined,
  allowance: Allowance,
  differences: string[],
): void {
  const a = classifyValue(sent);
  const b = classifyValue(received);
  if (a?.kind === "map" && b?.kind === "map") {
    const within = { ...allowance, scale: Math.max(allowance.scale, scaleOf(a.value)) };
    for (const key of new Set([...Object.keys(a.value), ...Object.keys(b.value)])) {
      const step = path === "" ? key : `${path}.${key}`;
      compare(step, a.value[key], b.value[key], within, differences);
    }
    return;
  }
  const x = listOf(sent);
  const y = listOf(received);
  if (x !== undefined && y !== undefined && x.length === y.length) {
    for (const [i, item] of x.entries()) {
      compare(`${path}[${i}]`, item, y[i], allowance, differences);
    }
    return;
  }
  if (isNumber(sent) && isNumber(received) && isClose(Number(sent), Number(received), allowance)) {
    return;
  }
  if (sent !== received)
    differences.push(`${path}: sent ${shown(sent)}, arrived ${shown(received)}`);
}

function isClose(a: number, b: number, { tolerance, scale }: Allowance): boolean {
  return Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b), scale);
}

function scaleOf(map: ValueMap): number {
  const { min, max } = map;
  return typeof min === "number" && typeof max === "number"
    ? Math.max(Math.abs(min), Math.abs(max))
    : 0;
}

// A list of numbers may come back as a vector.
function listOf(value: Value | undefined): readonly Value[] | undefined {
  if (Array.isArray(value)) return value as readonly Value[];
  const classified = classifyValue(value);
  return classified?.kind === "vector"
    ? Array.from(classified.value as Iterable<number>)
    : undefined;
}

function isNumber(value: Value | undefined): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function shown(value: Value | undefined): string {
  if (value === undefined) return "nothing";
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}
