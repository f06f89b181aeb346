import { expect, test } from "@jest/globals";
import {
  type ByteStream,
  type ByteStreamHandlers,
  memoryStreamPair,
  wireError,
} from "@proj/wire-types";
import { byteStreamCases } from "@proj/wire-types/testing";

type Fault = (handlers: ByteStreamHandlers) => Partial<ByteStreamHandlers>;

// A pair whose second end reports wrongly, in the way `fault` says.
async function faultyPair(fault: Fault) {
  const [a, b] = memoryStreamPair();
  const open = b.open.bind(b);
  const faulty: ByteStream = Object.assign(b, {
    open(handlers: ByteStreamHandlers) {
      open({
        data: (bytes) => handlers.data(bytes),
        drain: () => handlers.drain(),
        end: () => handlers.end(),
        close: (error) => handlers.close(error),
        ...fault(handlers),
      });
    },
  });
  return { a, b: faulty, dispose: () => undefined };
}

async function failures(name: string, fault: Fault): Promise<string> {
  const found = byteStreamCases(() => faultyPair(fault)).find((one) => one.name.includes(name));
  if (found === undefined) throw new Error(`no case is called ${name}`);
  return found.run().then(
    () => "held",
    (error: Error) => error.message,
  );
}

// An interface suite that cannot fail proves nothing.
test.each<[string, string, Fault]>([
  [
    "megabytes",
    "the content changed",
    (to) => ({ data: (bytes) => to.data(bytes.map((byte) => byte ^ 1)) }),
  ],
  [
    "ends one direction",
    "data after the end",
    (to) => {
      let held = new Uint8Array(0);
      return {
        data: (bytes) => void (held = bytes.slice()),
        end: () => {
          to.end();
          to.data(held);
        },
      };
    },
  ],
  [
    "closes without an error",
    "an orderly end was called an error",
    (to) => ({ close: () => to.close(wireError("wire.closed", "gone")) }),
  ],
  [
    "joins the parts",
    "end after close; close after close",
    (to) => ({
      close: (error) => {
        to.close(error);
        to.end();
        to.close(error);
      },
    }),
  ],
  [
    "closes the other end with an error",
    "the other end closed without a typed error",
    (to) => ({ close: () => to.close(undefined) }),
  ],
])("the suite notices when a stream breaks: %s", async (name, message, fault) => {
  expect(await failures(name, fault)).toContain(message);
});

test("the suite notices memory that is released too early", async () => {
  const [a, b] = memoryStreamPair();
  const write = a.write.bind(a);
  const open = a.open.bind(a);
  let released: ByteStreamHandlers["released"];
  const hasty: ByteStream = Object.assign(a, {
    open(handlers: ByteStreamHandlers) {
      released = (parts) => handlers.released?.(parts);
      open(handlers);
    },
    write(parts: readonly Uint8Array[]) {
      const flowing = write(parts);
      released?.(parts);
      return flowing;
    },
  });
  const cases = byteStreamCases(() => Promise.resolve({ a: hasty, b, dispose: () => undefined }));
  const run = cases.find((one) => one.name.includes("has let go"))?.run();
  await expect(run).rejects.toThrow("memory was released that was still to be sent");
});
