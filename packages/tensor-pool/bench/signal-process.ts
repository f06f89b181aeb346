// Answers each change of a shared word in another one, until it is told to stop.
import { serveProcess } from "@proj/bench";
import { backend } from "@proj/native-io";

await serveProcess((input) => {
  const { baseDir, path } = input as { baseDir: string; path: string };
  const folders = backend.shm.allow([baseDir]);
  const file = folders.open(path, { access: "readWrite" });
  const { bytes } = file.map();
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, 1_024);
  setTimeout(() => {
    let seen = 0;
    while (seen !== -1) {
      const value = Atomics.load(words, 0);
      if (value !== seen) Atomics.store(words, 64, value);
      seen = value;
    }
  }, 20);
  return { ready: null };
});
