import type { DeltaAlgorithm } from "@proj/dwcp";
import { type DwcpNode, type PeerAddress } from "@proj/dwcp/node";
import { systemTime } from "@proj/wire-types/system";
import { formatReplicaKey } from "../replicate/replica-key.js";
import { ExitCode, exitCodeOf } from "./exit-code.js";
import { type Output, UsageError } from "./output.js";
import { formatBytes, formatDuration } from "./units.js";
import { untilSignal } from "./until-signal.js";

/** What stands for standard input. */
export const INPUT = "-";

/** What is asked for a stream, whose states nobody can look at twice. */
export interface InputOptions {
  readonly as?: string;
  readonly name?: string;
  readonly level: number;
  readonly algorithm: DeltaAlgorithm;
  readonly watch?: boolean;
  readonly dryRun?: boolean;
}

/** Refuses what cannot be done with a stream, and gives the name of its replica. @throws UsageError */
export function nameOfInput({ as, name, watch, dryRun }: InputOptions): string {
  const wrong = [
    [as !== undefined, "--as"],
    [watch === true, "--watch"],
    [dryRun === true, "--dry-run"],
  ].find(([isGiven]) => isGiven);
  if (wrong !== undefined) {
    throw new UsageError(`${wrong[1]} has no meaning for standard input`, "leave it out");
  }
  if (name === undefined) {
    throw new UsageError(
      "standard input has no name",
      "say with --name what the replica is called",
    );
  }
  return name;
}

/** Replicates standard input, to its end. The node keeps the state, so that the next one is sent as the difference to it. */
export async function replicateInput(order: {
  readonly node: DwcpNode;
  readonly peer: PeerAddress;
  readonly name: string;
  readonly options: InputOptions;
  readonly output: Output;
}): Promise<ExitCode> {
  const { node, peer, name, options, output } = order;
  const over = new AbortController();
  const signalled = untilSignal(over.signal).then((signal) => {
    over.abort();
    return signal;
  });
  const startUs = systemTime.nowUs();
  try {
    const sent = await node.send(peer, {
      key: formatReplicaKey({ form: "file", name }),
      generation: Math.floor(systemTime.wallMs()),
      from: process.stdin as AsyncIterable<Uint8Array>,
      level: options.level,
      algorithm: options.algorithm,
      signal: over.signal,
    });
    const { rawBytes, wireBytes, rootHash } = sent;
    const durationUs = Math.round(systemTime.nowUs() - startUs);
    const document = { ok: true, name, rawBytes, wireBytes, rootHash, durationUs };
    output.result(document, () =>
      [
        `${name}: ${formatBytes(rawBytes)} in ${formatDuration(durationUs)}, ${formatBytes(wireBytes)} on the wire`,
        `verified by the receiver, content id ${rootHash}`,
        "",
      ].join("\n"),
    );
    return ExitCode.OK;
  } catch (error) {
    if (!over.signal.aborted) throw error;
    process.stderr.write(`${name} was interrupted; nothing of it is published\n`);
    return exitCodeOf(await signalled);
  } finally {
    over.abort();
    // Who writes into it may not be done, and would keep this process.
    process.stdin.destroy();
    await signalled;
    await node.close();
  }
}
