import { expect, test } from "@jest/globals";
import { textEther } from "@proj/ether-codecs";
import { dial } from "#src/dial.js";
import { checkReceipt } from "#src/receipts/check-receipt.js";
import { type Receipt, TransferTag } from "#src/receipts/receipt.js";
import { serve } from "../support/cli.js";
import { localDial } from "../support/local-dial.js";
import { nodeConfig } from "../support/node-config.js";
import { tempFolder } from "../support/temp-folder.js";

test("parts that overtake one that goes a second time are taken in their order; what never comes is not waited for", async () => {
  const folder = tempFolder();
  const node = await serve(nodeConfig(folder));
  const { client, link } = await dial(node.urls[0] ?? "", { ...localDial, timeoutMs: 60_000 });
  const texts = ["a b\n", "c\n", "d e f\n", "g\n"];
  const send = async (part: number, transfer = "00112233445566aa"): Promise<Receipt> => {
    const tags = [
      { key: TransferTag.ID, val: transfer },
      { key: TransferTag.PART, val: String(part) },
      ...(part === texts.length - 1 ? [{ key: TransferTag.LAST, val: "1" }] : []),
    ];
    return checkReceipt(link, await link.request([textEther(texts[part] ?? "")], { tags }));
  };
  try {
    const receipts = await Promise.all([3, 1, 2, 0].map((part) => send(part)));
    expect(receipts.map(({ parts }) => parts)).toEqual([4, 2, 3, 1]);
    expect(receipts[0]?.summary).toMatchObject({ ethers: 4, words: 7 });
    const alone = { message: expect.stringContaining("the one before it did not") };
    await expect(send(1, "ffeeddccbbaa0099")).rejects.toMatchObject(alone);
  } finally {
    await client.close();
    expect(await node.end("SIGTERM")).toEqual({ code: 0 });
    folder.remove();
  }
});
