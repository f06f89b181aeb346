import { EngineThread } from "@proj/dcquic-core/node";

/** An engine's thread that hangs soon after its start; says what its watchdog tells, and that this thread lives. */
const onWorkerHang = process.argv[2] === "abort" ? "abort" : "event";
const thread = await EngineThread.start({
  ports: [{ host: "127.0.0.1", port: 0 }],
  resetSigner: new Uint8Array(32),
  polling: "spin",
  onWorkerHang,
  onEvent: () => {},
  onFinding: ({ kind, forMs }) => {
    process.stdout.write(`${kind} ${forMs >= 5000 ? 5 : 1}\n`);
    if (kind === "hung" && onWorkerHang === "event") setTimeout(() => void finish(), 200);
  },
});
// The watchdog alone keeps no process.
const alive = setInterval(() => {}, 1000);

async function finish(): Promise<void> {
  process.stdout.write("alive\n");
  await thread.close();
  clearInterval(alive);
}
