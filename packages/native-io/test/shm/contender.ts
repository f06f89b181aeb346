// One of two processes that change the same words: `<folder> <path> <what> <count>`.
import { backend } from "@proj/native-io";

const [folder = "", path = "", what = "", count = ""] = process.argv.slice(2);
const rounds = Number(count);
const file = backend.shm.allow([folder]).open(path, { access: "readWrite" });
const region = file.map();
const words = new Int32Array(region.bytes.buffer);
const wide = new BigInt64Array(region.bytes.buffer);

// Both begin together: each says that it is here and waits for the other.
Atomics.add(words, 0, 1);
while (Atomics.load(words, 0) < 2);

switch (what) {
  case "add":
    for (let i = 0; i < rounds; i++) Atomics.add(words, 16, 1);
    break;
  case "exchange":
    for (let i = 0; i < rounds; i++) {
      let seen = Atomics.load(words, 16);
      for (let was; (was = Atomics.compareExchange(words, 16, seen, seen + 1)) !== seen;)
        seen = was;
    }
    break;
  case "add64":
    for (let i = 0; i < rounds; i++) Atomics.add(wide, 8, 0x1_0000_0001n);
    break;
  case "publish":
    // A seqlock: odd while the words behind it change.
    for (let version = 2; version <= 2 * rounds; version += 2) {
      Atomics.store(words, 16, version - 1);
      backend.shm.fence();
      for (let i = 32; i < 64; i++) words[i] = version;
      backend.shm.fence();
      Atomics.store(words, 16, version);
    }
    break;
  default:
    throw new Error(`no such contest: ${what}`);
}
region.unmap();
process.stdout.write("done");
