import { DwcpError } from "../errors.js";

const RAW_AFTER_FAILURES = 2;
const ABORT_AFTER_FAILURES = 5;

/** Counts how often what stands for a part of an object arrived damaged. spec/dwcp.md B6 */
export class FailureBook {
  readonly #failures = new Map<number, number>();

  /**
   * What begins at `rawOffset` arrived damaged: says what is sent instead.
   *
   * @throws {@link DwcpError} `dwcp.integrity` at the fifth time.
   */
  note(rawOffset: number): "theSame" | "raw" {
    const failures = (this.#failures.get(rawOffset) ?? 0) + 1;
    this.#failures.set(rawOffset, failures);
    if (failures >= ABORT_AFTER_FAILURES) {
      throw new DwcpError(
        "dwcp.integrity",
        `the bytes at ${rawOffset} arrived damaged ${failures} times`,
      );
    }
    return failures < RAW_AFTER_FAILURES ? "theSame" : "raw";
  }

  /** What begins at `rawOffset` arrived whole. */
  forget(rawOffset: number): void {
    this.#failures.delete(rawOffset);
  }

  /** Forgets all failures. */
  clear(): void {
    this.#failures.clear();
  }
}
