import type { Clock, LogSink } from "@proj/wire-types";
import { EtherError } from "../errors.js";
import type { Ether } from "../ether.js";
import { etherInitSchema, formatIssues } from "../ether-init.js";
import type { SchemaRegistry } from "../schema/schema-registry.js";
import { emptyMap, type Value } from "../value.js";
import { type Adapter, formatNode } from "./adapter.js";
import type { AdapterPlan } from "./adapter-graph.js";
import { moveMinor } from "./move-minor.js";

/** What running a plan needs. */
export interface RunPlanOptions {
  /** The schemas that minors and results are held against. */
  readonly schemas: SchemaRegistry;
  /** Dates the lineage. */
  readonly clock: Clock;
  /** The Ether's own minor; default the newest registered. */
  readonly minor?: number;
  /** Hears of every adapter that ran or failed, as `xcp.adapter`. §21 */
  readonly log?: LogSink;
}

/**
 * Runs a plan's adapters, moves to its minor and records the path in `metadata.lineage`.
 *
 * The Ether given stays as it is; either the whole path succeeds or nothing is returned.
 *
 * @throws EtherError `ether.adapter_failed` when an adapter throws, or gives something else than it promised.
 * @see spec/xcp.md §19
 */
export function runPlan(ether: Ether, plan: AdapterPlan, options: RunPlanOptions): Ether {
  const ts = new Date(options.clock.wallMs()).toISOString();
  let result = ether;
  for (const adapter of plan.adapters) {
    try {
      result = checked(adapter, run(adapter, result), options.schemas);
    } catch (error) {
      report(options.log, adapter, ether, "failed");
      throw error;
    }
    report(options.log, adapter, ether, "ran");
  }
  result = toMinor(result, plan, options);
  if (plan.adapters.length === 0) return result;
  const lineage = plan.adapters.map((adapter) => entry(adapter, ts));
  const before = result.metadata["lineage"];
  const metadata = Object.assign(emptyMap(), result.metadata);
  metadata["lineage"] = [...(Array.isArray(before) ? (before as Value[]) : []), ...lineage];
  return { ...result, metadata };
}

function report(
  log: LogSink | undefined,
  adapter: Adapter,
  { metadata }: Ether,
  outcome: "ran" | "failed",
): void {
  const traceId = metadata["trace_id"];
  log?.log({
    level: outcome === "ran" ? "info" : "warn",
    event: "xcp.adapter",
    fields: {
      adapter: adapter.name,
      from: formatNode(adapter.from),
      to: formatNode(adapter.to),
      lossy: adapter.lossy === true,
      outcome,
      trace_id: typeof traceId === "string" ? traceId : undefined,
    },
  });
}

function entry(adapter: Adapter, ts: string): Value {
  return Object.assign(emptyMap(), { node: adapter.name, ver: formatNode(adapter.to), ts });
}

function run(adapter: Adapter, ether: Ether): Ether {
  try {
    return adapter.adapt(ether);
  } catch (cause) {
    throw failed(adapter, "it threw", cause);
  }
}

function checked(adapter: Adapter, ether: Ether, schemas: SchemaRegistry): Ether {
  const { namespace, kind, major } = adapter.to;
  const parsed = etherInitSchema.safeParse(ether);
  if (!parsed.success) throw failed(adapter, formatIssues(parsed.error).join("; "));
  if (ether.kind !== kind || ether.schemaVersion !== major) {
    throw failed(adapter, `it gave ${ether.kind} ${ether.schemaVersion}`);
  }
  const problems = schemas.latest(kind, major, namespace)?.check(ether.payload) ?? [];
  if (problems.length > 0) throw failed(adapter, problems.join("; "));
  return ether;
}

function toMinor(ether: Ether, plan: AdapterPlan, options: RunPlanOptions): Ether {
  const { kind, major, namespace } = plan.target;
  const versions = options.schemas.versions(kind, major, namespace);
  const own = plan.adapters.length === 0 ? options.minor : undefined;
  const from = own === undefined ? versions.at(-1) : versions.find(({ minor }) => minor === own);
  const to = versions.find(({ minor }) => minor === plan.minor);
  if (from === undefined || to === undefined || from === to) return ether;
  return { ...ether, payload: moveMinor(ether.payload, from, to) };
}

function failed(adapter: Adapter, why: string, cause?: unknown): EtherError {
  return new EtherError("ether.adapter_failed", `adapter ${adapter.name}: ${why}`, {
    cause,
    details: { adapter: adapter.name },
  });
}
