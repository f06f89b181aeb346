import { backend } from "@proj/native-io";
import { parentPort } from "node:worker_threads";

const crc = backend.crc32c(new Uint8Array(4096).fill(1));
parentPort?.postMessage({ kind: backend.kind, crc });
