/** A signal, or the end of the process that started this one, came before the verb had done what it was asked for. */
export class Interrupted extends Error {
  /** The signal, or nothing where something else ended it. */
  readonly signal: NodeJS.Signals | undefined;

  /** `message` says what was not done. */
  constructor(message: string, signal: NodeJS.Signals | undefined) {
    super(message);
    this.name = "Interrupted";
    this.signal = signal;
  }
}
