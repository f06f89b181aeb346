import { describe, test } from "@jest/globals";
import { memoryStreamPair } from "@proj/wire-types";
import { byteStreamCases } from "@proj/wire-types/testing";

describe("an in-process pair is a ByteStream that", () => {
  const cases = byteStreamCases(async () => {
    const [a, b] = memoryStreamPair();
    return { a, b, dispose: () => undefined };
  });
  test.each(cases)("$name", ({ run }) => run());
});
