import { check } from "./case.js";

// Ten seconds or more: enough for a loaded machine. A case that holds never waits for it.
const PATIENCE_TURNS = 10_000;
const SETTLING_TURNS = 25;

/** Waits until `condition` holds, and fails with `what` when it never does. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let turn = 0; !condition(); turn++) {
    check(turn < PATIENCE_TURNS, `gave up waiting for ${what}`);
    await turnOver();
  }
}

/** Gives everything that is ready its turn, several times, to show that something does not happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLING_TURNS; turn++) await turnOver();
}

function turnOver(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1);
  });
}
