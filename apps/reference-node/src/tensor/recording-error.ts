/** A file that is not a recording. */
export class RecordingError extends Error {
  /** What to do. */
  readonly fix = "name a file that `tensor record` wrote";

  /** `message` names the file. */
  constructor(message: string) {
    super(message);
    this.name = "RecordingError";
  }
}
