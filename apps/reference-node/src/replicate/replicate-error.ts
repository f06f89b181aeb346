/** Why something cannot be replicated, and what to do about it. */
export class ReplicateError extends Error {
  /** What to do. */
  readonly fix: string;

  /** `message` names the source. */
  constructor(message: string, fix: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ReplicateError";
    this.fix = fix;
  }
}
