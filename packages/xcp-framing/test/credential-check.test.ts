import { expect, test } from "@jest/globals";
import type { ConnectionOptions } from "@proj/xcp-framing";
import { checkCredential } from "#src/credential-check.js";

const info = { transport: "sim", peer: undefined, secure: true, local: true } as const;
const hello = { codecs: [1], accepts: [], emits: [], sharedMem: false, features: undefined };

function verdict(verifyAuth: ConnectionOptions["verifyAuth"]): Promise<"allowed" | "refused"> {
  return new Promise((resolve) => checkCredential(verifyAuth, hello, info, resolve));
}

test.each<[string, NonNullable<ConnectionOptions["verifyAuth"]>, "allowed" | "refused"]>([
  ["says true", () => true, "allowed"],
  ["says true later", async () => true, "allowed"],
  ["says false", () => false, "refused"],
  ["says false later", async () => false, "refused"],
  ["says something else, against its type", () => "yes" as never, "refused"],
  ["says something else later", async () => 1 as never, "refused"],
  [
    "throws",
    () => {
      throw new Error("no database");
    },
    "refused",
  ],
  ["rejects", () => Promise.reject(new Error("no database")), "refused"],
])("a verifyAuth that %s", async (_what, verifyAuth, expected) => {
  expect(await verdict(verifyAuth)).toBe(expected);
});
