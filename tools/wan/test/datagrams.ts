// Datagrams over a path, each with its number and the time it was sent: `listen PORT MS` counts what arrives until nothing
// came for that long and prints it, `send HOST PORT COUNT BYTES PER_MS` sends them, evenly.
import { createSocket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";
import { monotonicMs } from "./monotonic-ms.js";

const HEAD_BYTES = 12;
const [role, ...rest] = process.argv.slice(2);
const socket = createSocket("udp4");

if (role === "listen") {
  const arrived: [number, number][] = [];
  const done = () => {
    console.log(JSON.stringify(arrived));
    socket.close();
  };
  let timer: NodeJS.Timeout | undefined;
  socket.on("message", (bytes) => {
    arrived.push([bytes.readUInt32BE(0), monotonicMs() - bytes.readDoubleBE(4)]);
    clearTimeout(timer);
    timer = setTimeout(done, Number(rest[1]));
  });
  socket.bind(Number(rest[0]), "0.0.0.0", () => {
    socket.setRecvBufferSize(4_000_000);
    console.log("ready");
  });
} else {
  const [host, port, count, bytes, perMs] = rest;
  const packet = Buffer.alloc(Math.max(HEAD_BYTES, Number(bytes)));
  const startMs = monotonicMs();
  for (let number = 0; number < Number(count); number++) {
    while (number > (monotonicMs() - startMs + 1) * Number(perMs)) await sleep(1);
    packet.writeUInt32BE(number, 0);
    packet.writeDoubleBE(monotonicMs(), 4);
    await new Promise((sent) => socket.send(packet, Number(port), host, sent));
  }
  socket.close();
}
