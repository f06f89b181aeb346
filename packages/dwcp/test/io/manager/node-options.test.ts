import { expect, test } from "@jest/globals";
import { requireConfig } from "#src/config/read-config.js";
import { nodeOptionsOf } from "#src/io/manager/node-options.js";
import { testKey } from "../../support/test-key.js";

test("B14, B16: device and port of RDMA are those of the configuration, with provider rdma only", () => {
  const rdma = { device: "verbs;ofi_rxm", port: 18_515 };
  const optionsWith = (provider: string) =>
    nodeOptionsOf(requireConfig({ node: { id: "a" }, transport: { provider, rdma } }), {
      key: testKey,
    });
  expect(optionsWith("rdma").rma).toEqual(rdma);
  expect(optionsWith("auto").rma).toBeUndefined();
});
