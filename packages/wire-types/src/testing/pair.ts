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
