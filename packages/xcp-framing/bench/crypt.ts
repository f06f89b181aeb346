import { runSuite } from "@proj/bench";
import { echoing } from "./echo-client.js";

await runSuite({
  name: "crypt",
  question: "What does payload encryption cost an echo?",
  cases: [1024, 64 * 1024, 1024 * 1024].map((bytes) => ({
    name: `${bytes / 1024} KiB, sequential`,
    pace: { kind: "sequential" },
    payloadBytes: bytes,
    peers: [
      echoing("xcp, encrypted", bytes),
      echoing("xcp", bytes, bytes === 1024 * 1024 ? { atMost: 1.8 } : undefined),
    ],
  })),
});
