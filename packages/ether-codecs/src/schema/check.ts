import type { Value } from "../value.js";
import type { ProblemList } from "./problem-list.js";

/** Adds to `problems` what is wrong with `value`. */
export type Check = (value: Value, problems: ProblemList) => void;
