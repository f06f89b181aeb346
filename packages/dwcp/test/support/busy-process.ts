// A process that writes to 8 MiB of its memory until somebody stops it; says how often when asked.
declare const WebAssembly: {
  readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => {
    readonly buffer: ArrayBuffer;
  };
};

// Of WebAssembly, since that is a mapping of exactly its own length.
const PAGES = 127 * 16;
const memory = new WebAssembly.Memory({ initial: PAGES / 16, maximum: PAGES / 16 });
const bytes = new Uint8Array(memory.buffer);
for (let at = 0; at < bytes.length; at += 1_024) bytes[at] = at / 1_024;
let turns = 0;
setInterval(() => {
  turns += 1;
  for (let i = 0; i < 20; i++) {
    const at = ((turns * 20 + i) * 7_919) % bytes.length;
    bytes[at] = ((bytes[at] ?? 0) + 1) % 256;
  }
}, 5);
process.on("message", () => process.send?.(turns));
process.send?.({ lengthBytes: bytes.length });
