import { AEAD_ROW, backend, UDP_ROW } from "@proj/native-io";
import { parentPort, workerData } from "node:worker_threads";

const socket = await backend.udp.open({ ports: [{ host: "127.0.0.1", port: 0 }] });
const ring = backend.crypto.createKeyRing(4);
ring.setKey(0, "aes-256-gcm", new Uint8Array(32), new Uint8Array(12));
const at = socket.ports[0] ?? { host: "127.0.0.1", port: 9 };
const to = socket.pin(at);
const wire = new Uint8Array(new SharedArrayBuffer(65_536));
const rows = new Int32Array(40 * AEAD_ROW);
for (let row = 0; row < 40; row++) {
  const offset = row * 1400;
  rows.set([offset, 40, offset + 40, offset + 40, 1300, 0, row, 0, 0, -1], row * AEAD_ROW);
  socket.tx.meta.set([0, 14_000, 1400, to, 0, 0, 0, 0], row * UDP_ROW);
}
parentPort?.postMessage(socket.ports[0]?.port);
if (workerData === "transmit") for (;;) socket.transmit(40);
if (workerData === "seal") for (;;) ring.seal({ wire, plain: wire, meta: rows }, 40);
if (workerData === "watch") socket.watch(() => socket.receive());
if (workerData === "wait") for (;;) socket.wait(100_000);
if (workerData === "spin") for (;;) socket.receive();
