// What tests need from outside the repository, and how a test says that it is missing.
import { describe, test } from "@jest/globals";

export { chromium, command, java, namespaces, python, runtime } from "./find.js";

export function describeWith(title, peer, tests) {
  describe(title, () => {
    if ("found" in peer) {
      tests(peer.found);
      return;
    }
    const line = `needs ${peer.name}: ${peer.lack}`;
    if (required().has(peer.name) || required().has("all")) {
      test(line, () => {
        throw new Error(`${line}; REQUIRE_PEERS says that this machine has it`);
      });
    } else {
      test.skip(line, () => undefined);
    }
  });
}

function required() {
  return new Set((process.env.REQUIRE_PEERS ?? "").split(",").map((name) => name.trim()));
}
