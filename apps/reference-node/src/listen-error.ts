/** An address of a configuration at which the node cannot listen now. */
export class ListenError extends Error {
  /** The configuration. */
  readonly file: string;
  /** The field that names the address. */
  readonly field: string;

  /** `cause` is what the system said. */
  constructor(file: string, field: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${file}: ${field}: ${reason}`, { cause });
    this.name = "ListenError";
    this.file = file;
    this.field = field;
  }
}
