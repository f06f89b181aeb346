import { readConfigFile } from "@proj/dwcp/node";
import { isWireError } from "@proj/wire-types";
import type { Command } from "commander";
import { ExitCode } from "./exit-code.js";
import {
  addManagementOptions,
  answerText,
  askManagement,
  type ManagementAnswer,
  type ManagementFlags,
  type ManagementRequest,
} from "./management-client.js";
import { createOutput, UsageError } from "./output.js";

interface ConfigFlags extends ManagementFlags {
  readonly etag?: string;
  readonly restart?: boolean;
}

const file = "the configuration, YAML or JSON";

/** Adds the verbs of the configuration: look at it, try one, change it, go back. */
export function addDwcpConfig(dwcp: Command, exit: (code: ExitCode) => void): void {
  const verb = (name: string, description: string): Command =>
    addManagementOptions(dwcp.command(name).description(description));
  const tell = (answer: ManagementAnswer, flags: ManagementFlags): void => {
    createOutput(flags.json === true).result(answer, () => answerText(answer));
    exit(answer.ok ? ExitCode.OK : ExitCode.FAILURE);
  };
  verb("config", "the configuration in force; its ETag names it").action(
    async (flags: ConfigFlags) => tell(await askManagement(current, flags), flags),
  );
  verb("history", "earlier configurations, the one in force last").action(
    async (flags: ConfigFlags) =>
      tell(await askManagement({ method: "GET", path: "/config/history" }, flags), flags),
  );
  verb("validate", "every problem of a configuration; nothing is changed")
    .argument("<file>", file)
    .action(async (path: string, flags: ConfigFlags) => {
      const body = readConfig(path);
      const request: ManagementRequest = { method: "POST", path: "/config/validate", body };
      const answer = await askManagement(request, flags);
      tell({ ...answer, ok: answer.ok && !hasProblems(answer) }, flags);
    });
  verb("diff", "what a configuration would change, and what of that needs a restart")
    .argument("<file>", file)
    .action(async (path: string, flags: ConfigFlags) => {
      const body = readConfig(path);
      tell(await askManagement({ method: "POST", path: "/config/diff", body }, flags), flags);
    });
  const change = (name: string, description: string): Command =>
    verb(name, description)
      .option("--etag <etag>", "refuse it unless this is in force (default: what is now)")
      .option("--restart", "allow what needs a restart of the node");
  change("put", "put a configuration in force: what it leaves out has its default")
    .argument("<file>", file)
    .action(async (path: string, flags: ConfigFlags) => {
      const body = readConfig(path);
      tell(await changeConfig({ method: "PUT", path: "/config", body }, flags), flags);
    });
  change("patch", "change some keys of the configuration in force")
    .argument("<file>", "those keys, YAML or JSON")
    .action(async (path: string, flags: ConfigFlags) => {
      const body = readConfig(path);
      tell(await changeConfig({ method: "PATCH", path: "/config", body }, flags), flags);
    });
  change("rollback", "go back to an earlier configuration")
    .argument("<to>", "its ETag, as history tells it")
    .action(async (to: string, flags: ConfigFlags) => {
      const path = `/config/rollback?to=${encodeURIComponent(to)}`;
      tell(await changeConfig({ method: "POST", path }, flags), flags);
    });
}

const current: ManagementRequest = { method: "GET", path: "/config" };

// Whoever names no ETag changes what is in force now; a change in between is refused.
async function changeConfig(
  request: ManagementRequest,
  flags: ConfigFlags,
): Promise<ManagementAnswer> {
  let { etag } = flags;
  if (etag === undefined) {
    const found = await askManagement(current, flags);
    if (!found.ok || found.etag === undefined) return found;
    etag = found.etag;
  }
  const { path } = request;
  const separator = path.includes("?") ? "&" : "?";
  const allowed = flags.restart === true ? `${path}${separator}restart=allow` : path;
  return await askManagement({ ...request, path: allowed, etag }, flags);
}

function readConfig(path: string): unknown {
  try {
    return readConfigFile(path, {});
  } catch (cause) {
    if (!isWireError(cause)) throw cause;
    throw new UsageError(cause.message, "name a file of YAML or JSON");
  }
}

function hasProblems({ answer }: ManagementAnswer): boolean {
  if (typeof answer !== "object" || answer === null || !("problems" in answer)) return true;
  return !Array.isArray(answer.problems) || answer.problems.length > 0;
}
