import {
  ClockDomain,
  MergeRuleType,
  MergeTimeRuleType,
  type SequenceMergeMapAnnounce,
  type TimestampMergeMapAnnounce,
  TimestampSource,
} from "../messages/generated/merge.js";

/** How an input follows an output by number: so far behind or ahead, or so many of the last. spec/tensor-pool.md §18 */
export type SequenceRule =
  | { readonly kind: "offset"; readonly inputStreamId: number; readonly offset: number }
  | { readonly kind: "window"; readonly inputStreamId: number; readonly window: number };

/** Ties the frames of inputs to those of an output, by number. */
export interface SequenceMergeMap {
  /** The output. */
  readonly outStreamId: number;
  /** Its epoch. */
  readonly epoch: bigint;
  /** After how long a silent input counts as absent; `undefined` for never. */
  readonly staleTimeoutNs: bigint | undefined;
  /** One for each input. */
  readonly rules: readonly SequenceRule[];
}

/** How an input follows an output by time, and by which of its two times. */
export type TimestampRule = {
  readonly inputStreamId: number;
  readonly source: "descriptor" | "slot";
} & (
  | { readonly kind: "offset"; readonly offsetNs: bigint }
  | { readonly kind: "window"; readonly windowNs: bigint }
);

/** Ties the frames of inputs to those of an output, by time. */
export interface TimestampMergeMap {
  /** The output. */
  readonly outStreamId: number;
  /** Its epoch. */
  readonly epoch: bigint;
  /** After how long a silent input counts as absent, in nanoseconds; `undefined` for never. */
  readonly staleTimeoutNs: bigint | undefined;
  /** The clock of all times. */
  readonly clock: "monotonic" | "realtime";
  /** How much earlier than required an input may be, in nanoseconds. */
  readonly latenessNs: bigint;
  /** One for each input. */
  readonly rules: readonly TimestampRule[];
}

/** Checks a map. One bad rule makes all of it bad. @returns The map, or the sentence that says what is wrong. */
export function checkSequenceMap(announce: SequenceMergeMapAnnounce): SequenceMergeMap | string {
  const rules: SequenceRule[] = [];
  for (const { inputStreamId, ruleType, offset, windowSize } of announce.rules) {
    if (ruleType === MergeRuleType.OFFSET) {
      if (offset === undefined || windowSize !== undefined) return wrong(inputStreamId);
      rules.push({ kind: "offset", inputStreamId, offset });
    } else {
      if (windowSize === undefined || windowSize < 1 || offset !== undefined) {
        return wrong(inputStreamId);
      }
      rules.push({ kind: "window", inputStreamId, window: windowSize });
    }
  }
  const { outStreamId, epoch, staleTimeoutNs } = announce;
  return inputsFault(rules) ?? { outStreamId, epoch, staleTimeoutNs, rules };
}

/** Checks a map by time; otherwise as {@link checkSequenceMap}. */
export function checkTimestampMap(announce: TimestampMergeMapAnnounce): TimestampMergeMap | string {
  const rules: TimestampRule[] = [];
  for (const { inputStreamId, ruleType, timestampSource, offsetNs, windowNs } of announce.rules) {
    const source =
      timestampSource === TimestampSource.FRAME_DESCRIPTOR ? "descriptor" : ("slot" as const);
    if (ruleType === MergeTimeRuleType.OFFSET_NS) {
      if (offsetNs === undefined || windowNs !== undefined) return wrong(inputStreamId);
      rules.push({ kind: "offset", inputStreamId, source, offsetNs });
    } else {
      if (windowNs === undefined || windowNs < 1n || offsetNs !== undefined) {
        return wrong(inputStreamId);
      }
      rules.push({ kind: "window", inputStreamId, source, windowNs });
    }
  }
  const { outStreamId, epoch, staleTimeoutNs, latenessNs = 0n } = announce;
  const clock = announce.clockDomain === ClockDomain.MONOTONIC ? "monotonic" : "realtime";
  return inputsFault(rules) ?? { outStreamId, epoch, staleTimeoutNs, clock, latenessNs, rules };
}

function inputsFault(rules: readonly { readonly inputStreamId: number }[]): string | undefined {
  if (rules.length === 0) return "it has no rules";
  const inputs = new Set(rules.map(({ inputStreamId }) => inputStreamId));
  return inputs.size === rules.length ? undefined : "an input has two rules";
}

function wrong(inputStreamId: number): string {
  return `the rule of input ${inputStreamId} has not exactly what its type needs`;
}
