import { Pattern } from "../wire/constants.js";

/** A pattern by name. spec/dcquic.md §4 */
export type PatternName =
  | "unary"
  | "streamingResponse"
  | "streamingRequest"
  | "bidirectional"
  | "rawBulk";

const codes: Readonly<Record<PatternName, number>> = {
  unary: Pattern.Unary,
  streamingResponse: Pattern.StreamingResponse,
  streamingRequest: Pattern.StreamingRequest,
  bidirectional: Pattern.Bidirectional,
  rawBulk: Pattern.RawBulk,
};
const names = Object.keys(codes) as readonly PatternName[];

/** The code of a pattern. */
export function patternCode(name: PatternName): number {
  return codes[name];
}

/** The pattern of a shape byte, or `undefined` for a code that §4 does not list. */
export function patternOf(shape: number): PatternName | undefined {
  return names[shape & 7];
}

/** How many messages, header blocks apart, one side of a pattern may send. */
export function maxMessages(pattern: PatternName, side: "opener" | "answerer"): number {
  const many = Number.POSITIVE_INFINITY;
  if (pattern === "bidirectional") return many;
  if (pattern === "streamingResponse") return side === "answerer" ? many : 1;
  if (pattern === "streamingRequest") return side === "opener" ? many : 1;
  return 1;
}

/** Whether the request is handed over only when the opener's direction ended. D-20 */
export function requestEndsLate(pattern: PatternName): boolean {
  return pattern === "streamingRequest" || pattern === "bidirectional";
}
