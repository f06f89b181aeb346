// A process with little memory to lock: it maps a file with a lock, and says what came of it and what it can have.
import { backend } from "@proj/native-io";
import { isWireError } from "@proj/wire-types";

const [folder = "", path = ""] = process.argv.slice(2);
const { shm } = backend;
const file = shm.allow([folder]).create(path, { sizeBytes: 2 ** 20 });
let refusal: object = {};
try {
  file.map({ lock: true });
} catch (error) {
  if (!isWireError(error)) throw error;
  refusal = { code: error.code, message: error.message, details: error.details };
}
const unlocked = file.map().size;
const capability = shm.capabilities().find(({ name }) => name === "shm.lock");
process.stdout.write(JSON.stringify({ refusal, unlocked, capability }));
