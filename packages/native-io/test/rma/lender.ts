// A process that lends memory: `<provider> <source> <bytes>`. It says where in one line, and polls until its input ends.
import { backend } from "@proj/native-io";

const [provider = "", source = "", size = ""] = process.argv.slice(2);
const endpoint = backend.rma.open({ provider, ...(source === "" ? {} : { source }) });
const bytes = new Uint8Array(new SharedArrayBuffer(Number(size)));
for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7) & 0xff;
const { key, base } = endpoint.register(bytes, { remoteRead: true, remoteWrite: true });
const address = Buffer.from(endpoint.address).toString("hex");
process.stdout.write(`${JSON.stringify({ address, key: `${key}`, base: `${base}` })}\n`);

const ended = new AbortController();
process.stdin.on("end", () => ended.abort());
// Each line asks for the byte at an offset.
process.stdin.on("data", (chunk) => {
  for (const line of String(chunk).split("\n").filter(Boolean)) {
    process.stdout.write(`${JSON.stringify({ value: bytes[Number(line)] })}\n`);
  }
});
while (!ended.signal.aborted) {
  endpoint.poll();
  await new Promise((resolve) => setImmediate(resolve));
}
endpoint.close();
