import { expect, test } from "@jest/globals";
import { FragmentAssembler } from "@proj/aeron";
import { connectAeron, startEmbeddedDriver } from "@proj/aeron/node";
import { portable } from "@proj/native-io";

test("without native code a driver and its clients meet in one process", async () => {
  const options = { aeronDir: "/dev/shm", backend: portable, termLength: 65_536 };
  const driver = await startEmbeddedDriver(options);
  expect(driver.pid).toBe(-1);
  const connection = await connectAeron(options);
  const subscription = await connection.client.addSubscription("aeron:ipc", 1);
  const publication = await connection.client.addPublication("aeron:ipc", 1);
  const messages: string[] = [];
  const assembler = new FragmentAssembler((term, offset, length) => {
    messages.push(new TextDecoder().decode(term.bytes.subarray(offset, offset + length)));
  });
  while (publication.offer(new TextEncoder().encode("hello")) < 0) await pause();
  while (messages.length === 0) {
    subscription.poll(assembler.handle, 1);
    await pause();
  }
  expect(messages).toEqual(["hello"]);
  connection.close();
  await driver.stop();
});

async function pause(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
