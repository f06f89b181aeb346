import { backend } from "@proj/native-io";
import { parentPort, workerData } from "node:worker_threads";

const socket = await backend.udp.open({ ports: [{ host: "127.0.0.1", port: 0 }] });
parentPort?.postMessage(socket.ports[0]?.port);
if (workerData === "watch") socket.watch(() => socket.receive());
if (workerData === "wait") for (;;) socket.wait(100_000);
if (workerData === "spin") for (;;) socket.receive();
