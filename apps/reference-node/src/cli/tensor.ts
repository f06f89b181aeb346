import type { Command } from "commander";
import { addTensorDriver } from "./tensor-driver.js";
import { addTensorRecord } from "./tensor-record.js";
import { addTensorReplay } from "./tensor-replay.js";
import { addTensorView } from "./tensor-view.js";
import { addTensorWatch } from "./tensor-watch.js";
import type { ExitCode } from "./exit-code.js";

/** Adds `tensor`: streams of tensors in shared memory. */
export function addTensor(program: Command, exit: (code: ExitCode) => void): void {
  const tensor = program
    .command("tensor")
    .description("Keep, watch, record, replay and look at streams of tensors in shared memory.");
  addTensorDriver(tensor, exit);
  addTensorWatch(tensor, exit);
  addTensorRecord(tensor, exit);
  addTensorReplay(tensor, exit);
  addTensorView(tensor, exit);
  for (const command of tensor.commands) command.exitOverride();
}
