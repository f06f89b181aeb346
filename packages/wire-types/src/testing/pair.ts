import type { Case } from "./case.js";

/** Two connected ends and the way to be rid of them. */
export interface Pair<T> {
  /** One end. */
  readonly a: T;
  /** The other end. */
  readonly b: T;
  /** Releases what making them took; called once, after the case. */
  dispose(): void | Promise<void>;
}

/** Connects two ends for one case. */
export type MakePair<T> = () => Promise<Pair<T>>;

/** Makes a case of `body`, run on ends of its own that are dropped afterwards. */
export function pairCase<T extends { destroy(): void }>(
  name: string,
  makePair: MakePair<T>,
  body: (pair: Pair<T>) => Promise<void>,
): Case {
  return {
    name,
    async run() {
      const pair = await makePair();
      try {
        await body(pair);
      } finally {
        pair.a.destroy();
        pair.b.destroy();
        await pair.dispose();
      }
    },
  };
}
