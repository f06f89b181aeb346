// So often in a row a way may lose before it is passed over.
const PATIENCE = 3;
// A way that is passed over gets another try after so many units, and after twice as many each time it loses that too.
const FIRST_RETEST_UNITS = 8;
const MAX_RETEST_UNITS = 16;

/**
 * Tells which ways of encoding are worth their time on a unit: those that won lately, and now and then the others.
 *
 * @see spec/dwcp.md B10
 */
export class TrialBook<Way extends string> {
  // Units since each way won last.
  readonly #losses = new Map<Way, number>();

  /** Whether `way` should be tried on the next unit. */
  isDue(way: Way): boolean {
    const losses = this.#losses.get(way) ?? 0;
    if (losses < PATIENCE) return true;
    if (losses < FIRST_RETEST_UNITS) return false;
    return losses % Math.min(MAX_RETEST_UNITS, 2 ** Math.floor(Math.log2(losses))) === 0;
  }

  /** Notes that of `ways`, tried or not, `winner` made the unit; `undefined` where none of them did. */
  note(ways: readonly Way[], winner: Way | undefined): void {
    for (const way of ways) {
      this.#losses.set(way, way === winner ? 0 : (this.#losses.get(way) ?? 0) + 1);
    }
  }
}
