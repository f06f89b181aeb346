// Bulk bytes in a process of its own; started by bulkApart of dcquic-bulk.ts.
import { serveProcess } from "@proj/bench";
import { setFlagsFromString } from "node:v8";
import { bulk, type BulkPlan } from "./dcquic-bulk.js";

// As in dcquic.ts: who takes turns would be compiled anew in each.
setFlagsFromString("--no-flush-bytecode");

await serveProcess(() => ({ ready: true, ask: (plan) => bulk(plan as BulkPlan) }));
