// A thread that never stops calling into the addon: it copies, maps, registers and unmaps until it is ended.
import { backend } from "@proj/native-io";
import { parentPort, workerData } from "node:worker_threads";

const { folder, path } = workerData as { folder: string; path: string };
const { shm, rma } = backend;
const file = shm.allow([folder]).open(path, { access: "readWrite" });
const left = file.map();
const mine = new Uint8Array(2 ** 20);
const lends = rma.providers().some(({ name }) => name === "shm");
const endpoint = lends ? rma.open({ provider: "shm" }) : undefined;
endpoint?.register(left.bytes, { remoteRead: true, remoteWrite: true });
const rights = { remoteRead: true, remoteWrite: false };
parentPort?.postMessage("busy");
for (;;) {
  shm.copy({ target: left.bytes, targetOffset: 0, source: mine, sourceOffset: 0, length: 2 ** 20 });
  const region = file.map({ length: 4096 });
  const registered = endpoint?.register(region.bytes, rights);
  endpoint?.poll();
  registered?.deregister();
  region.unmap();
}
