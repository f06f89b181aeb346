import { failedHook, Hook, noPrimitive, type PullSink } from "../core/hook.js";
import { Payload, replacePromises } from "../core/payload.js";
import { PendingCapability } from "../core/pending-capability.js";
import { promiseOf } from "../core/stub-handle.js";
import { valueHook } from "../core/value-capability.js";
import type { MapProgram } from "./map-program.js";
import { MapScope } from "./map-scope.js";

/**
 * Applies a program to `value`, or to each element of an array; `null` and `undefined` pass.
 * Consumes `captures`. spec/capnweb.md §10.4
 */
export function applyMap(value: unknown, captures: readonly Hook[], program: MapProgram): Hook {
  try {
    if (value === null || value === undefined) return valueHook(new Payload(value, "owned"));
    const elements = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    program.begin(elements.length, captures.length);
    const scope = new MapScope(program, captures);
    const results = applyEach(scope, elements);
    return Array.isArray(value) ? gather(results) : (results[0] ?? failedHook(undefined));
  } catch (error) {
    return failedHook(error);
  } finally {
    for (const capture of captures) capture.dispose();
  }
}

function applyEach(scope: MapScope, elements: readonly unknown[]): Hook[] {
  const results: Hook[] = [];
  try {
    for (const element of elements) results.push(scope.apply(element));
    return results;
  } catch (error) {
    for (const result of results) result.dispose();
    throw error;
  }
}

/**
 * Joins the results into one array. Promises that are kept here are waited for, so that their
 * values travel with the array; what waits for a peer stays a promise. spec/capnweb.md §10.5
 */
function gather(results: readonly Hook[]): Hook {
  const array: unknown[] = [];
  const payload = new Payload(array, "owned");
  for (const [at, hook] of results.entries()) {
    const { primitive } = hook;
    if (primitive !== noPrimitive) {
      array.push(primitive);
      hook.dispose();
      continue;
    }
    array.push(hook.capability.awaitsPeer ? promiseOf(hook) : undefined);
    payload.keep(hook);
    payload.place({ hook, parent: array, key: at });
  }
  if (payload.promises.length === 0) return valueHook(payload);
  const pending = new PendingCapability();
  const hook = new Hook(pending);
  const kept = new Hook(pending);
  const settle = (resolution: Hook): void => {
    pending.settle(resolution);
    kept.dispose();
  };
  const sink: PullSink = {
    resolved: () => settle(valueHook(payload)),
    rejected: (reason) => {
      payload.dispose();
      settle(failedHook(reason));
    },
  };
  replacePromises(payload, (promise) => !promise.capability.awaitsPeer, sink);
  return hook;
}
