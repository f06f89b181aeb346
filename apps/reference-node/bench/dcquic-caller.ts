// Many calls at a time from a process of its own; started by callsApart of dcquic-calls.ts.
import { serveProcess } from "@proj/bench";
import { calls, type CallsPlan } from "./dcquic-calls.js";

await serveProcess(() => ({ ready: true, ask: (plan) => calls(plan as CallsPlan) }));
