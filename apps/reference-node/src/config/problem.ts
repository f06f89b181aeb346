/** One thing that is wrong with a configuration, told so that it can be put right. */
export interface ConfigProblem {
  /** The file it stands in, or the environment variable. */
  readonly file: string;
  /** The path of the field: `listen[0].url`. Empty when the file as a whole is meant. */
  readonly field: string;
  /** What is wrong. */
  readonly problem: string;
  /** What is allowed instead. */
  readonly allowed: string;
  /** What to do. */
  readonly fix: string;
}

/** Formats one problem as a line of text. */
function formatProblem(problem: ConfigProblem): string {
  const where = problem.field === "" ? problem.file : `${problem.file}: ${problem.field}`;
  return `${where}: ${problem.problem}\n    allowed: ${problem.allowed}\n    fix: ${problem.fix}`;
}

/** A configuration, or a file named on the command line, that cannot be used. Lists everything that is wrong. */
export class ConfigError extends Error {
  /** All of it, in the order of the file. Never empty. */
  readonly problems: readonly ConfigProblem[];

  /** `problems` is not empty. */
  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}
