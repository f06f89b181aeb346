import type { Operation } from "@proj/bench";

/** What the loop in C++ of native-io's benchmark exports. */
interface CLoop {
  open(segmentBytes: number, segments: number): void;
  run(): number;
  close(): void;
}

const PACKET_BYTES = 1400;
const SEGMENTS = 46;

/** The loop in C++ that goodput is held against: it carries at least so many bytes a call, and looks at none of them. */
export async function openCLoop(bytes: number): Promise<Operation> {
  const part = new URL("../../../packages/native-io/dist-bench/c-loop.js", import.meta.url);
  const { loadCLoop } = (await import(part.href)) as { loadCLoop(): CLoop };
  const loop = loadCLoop();
  loop.open(PACKET_BYTES, SEGMENTS);
  return {
    run: async () => {
      for (let carried = 0; carried < bytes;) {
        const received = loop.run();
        if (received === 0) throw new Error("datagrams were lost");
        carried += received;
      }
    },
    close: () => loop.close(),
  };
}
