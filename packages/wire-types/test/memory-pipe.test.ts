import { describe, test } from "@jest/globals";
import { memoryPipePair } from "@proj/wire-types";
import { messagePipeCases } from "@proj/wire-types/testing";

describe("an in-process pair is a MessagePipe that", () => {
  const cases = messagePipeCases(async () => {
    const [a, b] = memoryPipePair();
    return { a, b, dispose: () => undefined };
  });
  test.each(cases)("$name", ({ run }) => run());
});
