// A process, perhaps of another user, that tries to use files: `<folder> <JSON of attempts>`; answers in JSON.
import { backend } from "@proj/native-io";
import { isWireError } from "@proj/wire-types";

const [folder = "", attempts = "[]"] = process.argv.slice(2);
const folders = backend.shm.allow([folder]);

function attempt(what: string, path: string): string {
  try {
    switch (what) {
      case "read":
      case "readWrite": {
        const file = folders.open(path, { access: what });
        const region = file.map();
        if (what === "readWrite") region.bytes[0] = 1;
        region.unmap();
        file.close();
        return "ok";
      }
      case "create":
        folders.create(path, { sizeBytes: 64 }).close();
        return "ok";
      case "unlink":
        return folders.unlink(path) ? "ok" : "none";
      default:
        return `no such attempt: ${what}`;
    }
  } catch (thrown) {
    if (!isWireError(thrown)) return String(thrown);
    const { check, errno } = thrown.details;
    return String(check ?? errno ?? thrown.code);
  }
}

const list = JSON.parse(attempts) as [string, string][];
process.stdout.write(JSON.stringify(list.map(([what, path]) => attempt(what, path))));
