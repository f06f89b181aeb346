/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** Where: the key with its section, or the line of the file. */
  readonly key: string;
  /** What. */
  readonly message: string;
}
