import type { MapProgram } from "../map/map-program.js";
import { applyMap } from "../map/apply-map.js";
import { failedHook, Hook, type Path } from "./hook.js";
import { followPath, type Found } from "./follow-path.js";
import { invoke } from "./invoke.js";
import { Payload } from "./payload.js";
import type { PathRoot } from "./recursion.js";
import { targetHook } from "./target-capability.js";
import { stubPayload, valueHook } from "./value-capability.js";

/** Calls what `path` leads to from `root`. */
export function callAt(root: PathRoot, path: Path, args: Payload): Hook {
  try {
    // Captured now: what the caller changes later is not seen, and what cannot cross is its mistake.
    args.own();
  } catch (error) {
    args.dispose();
    throw error;
  }
  const found = tryFollow(root, path);
  if (found instanceof Hook) {
    args.dispose();
    return found;
  }
  if (found.kind === "hook") return found.hook.call(found.rest, args);
  if (typeof found.value === "function") return invoke(found.value, found.parent, args);
  args.dispose();
  return failedHook(new TypeError(`'${path.join(".")}' is not a function.`));
}

/** Reads what `path` leads to from `root`: a copy. */
export function getAt(root: PathRoot, path: Path): Hook {
  const found = tryFollow(root, path);
  if (found instanceof Hook) return found;
  if (found.kind === "hook") return found.hook.get(found.rest);
  return copyOf(found);
}

/** Applies recorded instructions to what `path` leads to from `root`. */
export function mapAt(
  root: PathRoot,
  path: Path,
  captures: readonly Hook[],
  program: MapProgram,
): Hook {
  const found = tryFollow(root, path);
  if (found instanceof Hook) {
    for (const capture of captures) capture.dispose();
    return found;
  }
  if (found.kind === "hook") return found.hook.map(found.rest, captures, program);
  return applyMap(found.value, captures, program);
}

function copyOf({ value, parent }: Extract<Found, { kind: "value" }>): Hook {
  // A promise that a getter answers with is awaited, as the result of a method is.
  if (value instanceof Promise) return invoke(() => value, undefined, new Payload([], "owned"));
  if (typeof value === "function") return valueHook(stubPayload(targetHook(value, parent)));
  const payload = new Payload(value, "borrowed");
  try {
    payload.own();
  } catch (error) {
    return failedHook(error);
  }
  return valueHook(payload);
}

function tryFollow({ value, parent }: PathRoot, path: Path): Found | Hook {
  try {
    return followPath(value, parent, path);
  } catch (error) {
    return failedHook(error);
  }
}
