/** What a README's example printed, and what its last comment lines say that it prints. */
export interface ReadmeRun {
  /** Standard output. */
  readonly printed: string;
  /** The comment lines that end the block, without their slashes. */
  readonly promised: string;
}

/**
 * Runs the first `ts` block of the README above a compiled test, in a process of its own.
 *
 * @param testUrl `import.meta.url` of the test.
 * @throws Error when there is no such block or it fails.
 */
export function runReadme(testUrl: string): ReadmeRun;

/** What the comment lines that end a program say that it prints, without their slashes; empty where it ends otherwise. */
export function promisedBy(code: string): string;
