import { runSuite } from "@proj/bench";
import { echoing } from "./echo-client.js";

const sizes = [
  { name: "1 KiB", bytes: 1024 },
  { name: "10 KiB", bytes: 10 * 1024 },
  { name: "100 KiB", bytes: 100 * 1024 },
  { name: "1 MiB", bytes: 1024 * 1024 },
];
const ways = ["XCP/TCP", "XCP/Unix", "XCP/TLS", "XCP/WebSocket", "XCP/HTTP/2"];

await runSuite({
  name: "transports",
  question: "How long does an XCP echo take over each transport?",
  cases: sizes.map(({ name, bytes }) => ({
    name: `${name}, sequential`,
    pace: { kind: "sequential" as const },
    payloadBytes: bytes,
    peers: ways.map((way) => echoing(way, bytes)),
  })),
});
