import { SbeError } from "../errors.js";

/** Makes the error of a schema that cannot be used, naming the line of the file. */
export function schemaProblem(line: number, sentence: string): SbeError {
  return new SbeError("sbe.schema_invalid", `line ${line}: ${sentence}`, { details: { line } });
}
