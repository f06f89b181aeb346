import { isAbsolute, posix } from "node:path";
import { refused } from "./shm-checks.js";

/** An allowed folder and where beneath it a file lies. */
export interface PathBeneath {
  /** Index of the folder. */
  readonly folder: number;
  /** The path from there, of one component or more, none of them `.` or `..`. */
  readonly relative: string;
}

/** Longer paths than this no system opens. */
const MAX_PATH_CHARS = 4095;

/**
 * Finds the allowed folder that holds `path`: the longest, when one lies in another.
 *
 * A folder does not hold itself, and `/dev/shm2/x` does not lie in `/dev/shm`. Links are not resolved here.
 *
 * @param folders Canonical absolute paths.
 * @throws {@link NativeIoError} `native_io.shm_refused`.
 */
export function locate(path: string, folders: readonly string[]): PathBeneath {
  if (!isAbsolute(path) || path.length > MAX_PATH_CHARS || path.includes("\0")) {
    throw refused("absolute", "its path is not an absolute path of this system");
  }
  const normal = posix.normalize(path);
  let best: PathBeneath | undefined;
  let longest = -1;
  for (const [folder, base] of folders.entries()) {
    const prefix = base.endsWith("/") ? base : `${base}/`;
    if (!normal.startsWith(prefix) || normal === prefix || prefix.length <= longest) continue;
    best = { folder, relative: normal.slice(prefix.length) };
    longest = prefix.length;
  }
  if (best === undefined) throw refused("contained", "its path lies in no allowed folder");
  if (best.relative.endsWith("/")) throw refused("regular", "its path names a folder");
  return best;
}
