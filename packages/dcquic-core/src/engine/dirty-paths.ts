import type { Path } from "./path.js";

/**
 * Paths that something happened to since they last had nothing to send, in the order in which that began: only these are looked
 * at. Mostly it is one, over and over, for which a `Set` would make a new table each time.
 */
export class DirtyPaths {
  readonly #paths: Path[] = [];

  /** Adds a path, unless it is among them. */
  add(path: Path): void {
    if (path.isDirty) return;
    path.isDirty = true;
    this.#paths.push(path);
  }

  /** All of them, as they are at every moment. */
  get all(): readonly Path[] {
    return this.#paths;
  }

  /** Takes out all that `stays` does not want to keep. */
  keep(stays: (path: Path) => boolean): void {
    const paths = this.#paths;
    let kept = 0;
    for (const path of paths) {
      path.isDirty = stays(path);
      if (path.isDirty) paths[kept++] = path;
    }
    while (paths.length > kept) paths.pop();
  }

  /** Takes a path out, if it is among them. */
  delete(path: Path): void {
    if (path.isDirty) this.keep((each) => each !== path);
  }
}
