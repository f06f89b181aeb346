import { expect, test } from "@jest/globals";
import { connectAeron, startEmbeddedDriver } from "@proj/aeron/node";
import { describeWith } from "@proj/peers";
import { DEFAULT_CHANNEL, StreamIds, wire } from "@proj/tensor-pool";
import { joinSupervisor, openDirectConsumer } from "@proj/tensor-pool/node";
import { until } from "@proj/wire-types/testing";
import { native } from "../support/native.js";

describeWith("two consumers of one id", native, () => {
  test("§11: the later one takes another id, and says hello with it", async () => {
    const aeronDir = `/dev/shm/tensor-ids-aeron-${process.pid}`;
    const media = await startEmbeddedDriver({ aeronDir });
    const { client, close } = await connectAeron({ aeronDir });
    const open: { close(): void }[] = [];
    try {
      const hellos = await client.addSubscription(DEFAULT_CHANNEL, StreamIds.control);
      const seen: number[] = [];
      const poll = (): void => {
        hellos.poll((term, offset, length) => {
          const hello = wire.decodeConsumerHello(term.bytes.subarray(offset, offset + length));
          seen.push(hello.consumerId);
        }, 10);
      };
      const join = async (onRenamed: (id: number) => void) => {
        const consumer = await openDirectConsumer({ client, streamId: 3 });
        const joined = await joinSupervisor({
          client,
          consumer,
          streamId: 3,
          consumerId: 5,
          onRenamed,
        });
        open.push(joined, consumer);
        return joined;
      };
      const renamed: number[] = [];
      const first = await join((id) => renamed.push(-id));
      const isSeen = (what: () => boolean) => (): boolean => {
        poll();
        return what();
      };
      await until(
        isSeen(() => seen.length >= 3),
        "three hellos",
      );
      const second = await join((id) => renamed.push(id));
      await until(
        isSeen(() => seen.includes(renamed[0] ?? 0)),
        "a hello of the new name",
      );
      expect(renamed).toEqual([second.link.consumerId]);
      expect(first.link.consumerId).toBe(5);
      expect(second.link.consumerId).not.toBe(5);
    } finally {
      for (const each of open) each.close();
      close();
      await media.stop();
    }
  });
});
