/** Tensor streams between processes need what the portable backend does not have. */
export class NoSharedMemory extends Error {
  /** What to do. */
  readonly fix = "build the native addon with: npm run build";

  /** `reason` is why the portable backend is in use. */
  constructor(reason: string) {
    super(
      `tensor streams need memory that processes share, which only native code maps: ${reason}`,
    );
    this.name = "NoSharedMemory";
  }
}
