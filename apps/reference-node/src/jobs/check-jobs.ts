import type { ProblemCollector } from "../config/problem-collector.js";
import type { DwcpConfig } from "../replicate/dwcp-config.js";
import { parseDwcpUrl } from "../replicate/dwcp-url.js";
import { isReplicaName } from "../replicate/replica-key.js";

/** Checks what sites and jobs mean to one another. */
export function checkJobs({ sites, jobs }: DwcpConfig, problems: ProblemCollector): void {
  const named = new Set<string>();
  for (const [i, { name, url }] of sites.entries()) {
    if (named.has(name)) problems.add(`dwcp.sites[${i}].name`, `${name} is named twice`);
    named.add(name);
    if (parseDwcpUrl(url) === undefined) {
      problems.add(`dwcp.sites[${i}].url`, `${url} is no DWCP URL`);
    }
  }
  const jobNames = new Set<string>();
  for (const [i, { name, site }] of jobs.entries()) {
    if (jobNames.has(name)) problems.add(`dwcp.jobs[${i}].name`, `${name} is named twice`);
    jobNames.add(name);
    if (!isReplicaName(name)) {
      problems.add(`dwcp.jobs[${i}].name`, `a replica cannot be called ${JSON.stringify(name)}`);
    }
    if (!named.has(site)) problems.add(`dwcp.jobs[${i}].site`, `there is no site ${site}`);
  }
}
