import { runSuite } from "@proj/bench";
import { Float16Array } from "@petamoriken/float16";
import { float16ToFloat32, float32ToFloat16 } from "@proj/wire-types";

await runSuite({
  name: "float16",
  question: "How long does the body of TENSOR_F16 take to convert?",
  cases: [768, 76_800].flatMap((count) => {
    const floats = Float32Array.from({ length: count }, (_, i) => Math.sin(i));
    const halves = float32ToFloat16(floats);
    const theirs = new Float16Array(halves.buffer);
    return [
      {
        name: `${count} float32 to float16`,
        pace: { kind: "batch" as const },
        payloadBytes: floats.byteLength,
        peers: [
          { name: "float32ToFloat16", open: () => ({ run: () => float32ToFloat16(floats) }) },
          {
            name: "@petamoriken/float16",
            target: { atMost: 1 / 20 },
            open: () => ({ run: () => new Float16Array(floats) }),
          },
        ],
      },
      {
        name: `${count} float16 to float32`,
        pace: { kind: "batch" as const },
        payloadBytes: halves.byteLength,
        peers: [
          { name: "float16ToFloat32", open: () => ({ run: () => float16ToFloat32(halves) }) },
          {
            name: "@petamoriken/float16",
            open: () => ({ run: () => Float32Array.from(theirs) }),
          },
        ],
      },
    ];
  }),
});
