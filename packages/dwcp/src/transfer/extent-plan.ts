import { IntervalSet } from "@proj/wire-types";
import { type EncodingRule, encodingRules, type PlannedExtent } from "./encoding-rule.js";

/** Which parts of an object have to be encoded, and by which rule. Each byte is planned once at most. spec/dwcp.md B6 */
export class ExtentPlan {
  readonly #pending: Readonly<Record<EncodingRule, IntervalSet>> = {
    raw: new IntervalSet(),
    plain: new IntervalSet(),
    withoutSelf: new IntervalSet(),
    best: new IntervalSet(),
  };
  #encoding = 0;
  #attempt = 0;

  /** Raw bytes that nobody encodes yet. */
  get pendingBytes(): number {
    return encodingRules.reduce((sum, rule) => sum + this.#pending[rule].covered, 0);
  }

  /** Extents that were taken and not supplied yet. */
  get encodingCount(): number {
    return this.#encoding;
  }

  /** Plans all of an object that is not in `held`; extents that were taken before are of no use. */
  begin(length: number, held: IntervalSet): void {
    this.#attempt += 1;
    this.#encoding = 0;
    this.clear();
    const { best } = this.#pending;
    best.add(0, length);
    for (let i = 0; i < held.count; i++) best.remove(held.start(i), held.end(i));
  }

  /** Plans a part that was not planned before. */
  add(start: number, end: number, rule: EncodingRule): void {
    this.#pending[rule].add(start, end);
  }

  /** Plans a part by `rule`, whatever it was planned by. */
  move(start: number, end: number, rule: EncodingRule): void {
    for (const each of encodingRules) this.#pending[each].remove(start, end);
    this.#pending[rule].add(start, end);
  }

  /** Takes the next extent, of at most `maxRawBytes`, by the strictest rule that any waits for. */
  take(maxRawBytes: number): PlannedExtent | undefined {
    for (const rule of encodingRules) {
      const pending = this.#pending[rule];
      if (pending.count === 0) continue;
      const start = pending.start(0);
      const end = Math.min(pending.end(0), start + maxRawBytes);
      pending.remove(start, end);
      this.#encoding += 1;
      return { start, end, rule, attempt: this.#attempt };
    }
    return undefined;
  }

  /** An extent was encoded; `false` when it was taken for an earlier attempt. */
  supplied(extent: PlannedExtent): boolean {
    if (extent.attempt !== this.#attempt) return false;
    this.#encoding -= 1;
    return true;
  }

  /** Forgets what is planned. */
  clear(): void {
    for (const rule of encodingRules) this.#pending[rule].clear();
  }
}
