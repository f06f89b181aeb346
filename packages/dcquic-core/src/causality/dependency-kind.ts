/** What a dependent waits for and whether a failure reaches it. spec/dcquic.md §5 */
export const DependencyKind = {
  /** Waits until the request was handed over. */
  Request: 0,
  /** Waits until the response is complete. */
  Response: 1,
  /** Like Request; a failure fails the dependent. */
  RequestCascade: 2,
  /** Like Response; a failure fails the dependent. */
  ResponseCascade: 3,
} as const;

/** How things stand after a dependency was added. */
export type DependencyState =
  /** It does not hold the dependent back. */
  | "satisfied"
  /** The dependent waits for it. */
  | "waiting"
  /** It failed, and takes the dependent with it. */
  | "failed";
