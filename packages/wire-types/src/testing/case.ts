/** One behaviour that an implementation must show, runnable under any test framework. */
export interface Case {
  /** What must hold, as a sentence. */
  readonly name: string;
  /** Resolves when it holds, rejects when it does not. */
  run(): Promise<void>;
}

/** Throws `message` unless `condition` holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Throws `message` unless `action` throws. */
export function checkThrows(action: () => void, message: string): void {
  try {
    action();
  } catch {
    return;
  }
  throw new Error(message);
}
