const codes = [
  "control.denied",
  "control.no_such_session",
  "control.no_such_peer",
  "control.no_such_job",
  "control.no_replication",
  "control.invalid",
  "control.limit",
  "control.unreachable",
] as const;

/** Why the control API refuses: permanent, a program may rely on it. */
export type ControlCode = (typeof codes)[number];

/** Whether a code that came with an error is one of the control API's. */
export function isControlCode(code: unknown): code is ControlCode {
  return (codes as readonly unknown[]).includes(code);
}

/** A refusal of the control API. Its code crosses the connection as a property of the error. */
export class ControlError extends Error {
  readonly code: ControlCode;
  /** What to do about it; not every refusal has a remedy. */
  readonly fix: string | undefined;

  /** `message` is for people and names what was asked for. */
  constructor(code: ControlCode, message: string, fix?: string) {
    super(message);
    this.name = "ControlError";
    this.code = code;
    this.fix = fix;
  }
}
