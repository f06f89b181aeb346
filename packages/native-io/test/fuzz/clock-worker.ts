import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort } from "node:worker_threads";
import { loadAddon } from "#src/addon.js";

/** Reads a clock whose memory is still there, and one whose memory was given away and freed. */
function tried(): readonly string[] {
  const loaded = loadAddon();
  const clock = "addon" in loaded ? loaded.addon.clock : undefined;
  if (clock === undefined) return ["ran", "TypeError: read: its memory was detached"];
  const { words } = clock;
  clock.read();
  const before = words[0] !== 0 || words[1] !== 0 ? "ran" : "stood";
  structuredClone(words.buffer, { transfer: [words.buffer as ArrayBuffer] });
  setFlagsFromString("--expose-gc");
  runInNewContext("gc()");
  try {
    clock.read();
    return [before, "nothing"];
  } catch (error) {
    return [before, String(error)];
  }
}

parentPort?.postMessage(tried());
