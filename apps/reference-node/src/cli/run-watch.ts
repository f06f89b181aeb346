import type { RpcStub } from "@proj/capnweb-rpc";
import { InvalidArgumentError } from "commander";
import { connectControl, type ControlTarget, explained } from "../control/control-client.js";
import type { NodeControl } from "../control/node-control.js";
import { MAX_INTERVAL_MS, MIN_INTERVAL_MS } from "../control/watch-book.js";
import { untilSignal } from "./until-signal.js";

/** Begins a watch, and calls `done` when it has seen enough. */
export type BeginWatch = (
  control: RpcStub<NodeControl>,
  done: () => void,
) => PromiseLike<Disposable>;

/**
 * Watches a node until it has seen enough or a signal comes.
 *
 * @throws ControlError `control.unreachable` when the node is gone, and whatever `begin` leads to
 */
export async function runWatch(target: ControlTarget, begin: BeginWatch): Promise<void> {
  using connection = await connectControl(target);
  const seen = new AbortController();
  const over = untilSignal(seen.signal);
  try {
    const watched = async (): Promise<void> => {
      const subscription = await begin(connection.control, () => seen.abort());
      await over;
      subscription[Symbol.dispose]();
    };
    await Promise.race([watched(), connection.gone]);
  } catch (error) {
    throw explained(error, target);
  } finally {
    seen.abort();
  }
}

/** Reads how often a watch looks, in milliseconds. */
export function watchInterval(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= MIN_INTERVAL_MS && value <= MAX_INTERVAL_MS) return value;
  throw new InvalidArgumentError(
    `It must be a whole number of milliseconds from ${MIN_INTERVAL_MS} to ${MAX_INTERVAL_MS}.`,
  );
}
