// Shows a driver that a client lives, while the thread of that client is busy. spec/aeron.md §10
import { join } from "node:path";
import { workerData } from "node:worker_threads";
import { backend } from "@proj/native-io";
import { Heartbeat } from "../client/heartbeat.js";
import { readCnc } from "../cnc/cnc-file.js";
import { CountersReader } from "../counters/counters-reader.js";
import { CNC_FILE } from "./aeron-directory.js";

const BEAT_MS = 250;

const { aeronDir, clientId } = workerData as { aeronDir: string; clientId: bigint };
const folders = backend.shm.allow([aeronDir], { allowOthers: true });
const file = folders.open(join(aeronDir, CNC_FILE), { access: "readWrite" });
const cnc = readCnc(file.map().bytes);
file.close();
if (cnc !== undefined) {
  const counters = new CountersReader(cnc.countersMetadata, cnc.countersValues);
  const heartbeat = new Heartbeat(counters, clientId);
  const timer = setInterval(() => {
    try {
      heartbeat.beat(Date.now());
    } catch {
      // The driver has forgotten the client, which notices by itself.
      clearInterval(timer);
    }
  }, BEAT_MS);
}
