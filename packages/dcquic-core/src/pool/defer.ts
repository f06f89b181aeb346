/** Runs a task soon, never inside the call: after the promises that are settled already. */
export function defer(task: () => void): void {
  void Promise.resolve().then(task);
}
