import { expect, test } from "@jest/globals";
import type { ConfigPath, DwcpConfig } from "@proj/dwcp";
import { DwcpConfigTable } from "#src/config/config-table.js";
import { configPaths, requireConfig } from "#src/config/read-config.js";
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

test.each([
  ["tls", undefined, "transport.provider tls needs certificates, and none were given"],
  ["tcp", {}, "transport.provider tcp goes without the certificates that were given"],
])("B16: provider %s is never something else in silence", (provider, tls, message) => {
  const config = requireConfig({ node: { id: "a" }, transport: { provider } });
  expect(() => nodeOptionsOf(config, { key: testKey, tls })).toThrow(
    expect.objectContaining({ code: "dwcp.invalid_config", message }),
  );
  const other = tls === undefined ? {} : undefined;
  expect(nodeOptionsOf(config, { key: testKey, tls: other }).nodeId).toBe("a");
});

/** A value that a key does not have. */
function otherOf(config: DwcpConfig, path: ConfigPath): unknown {
  const key = DwcpConfigTable[path];
  switch (key.type) {
    case "boolean":
      return !config[path];
    case "integer":
    case "number":
      return config[path] === key.min ? key.max : key.min;
    case "choice":
      return key.choices.find((choice) => choice !== config[path] && choice !== "tls");
    case "text":
      return "10.0.0.7:9951";
    case "texts":
      return ["10.0.0.7:9951"];
  }
}

test("B16: a key is live only where no node is started with it, or is told of it while it runs; every other one reaches the node", () => {
  const transport = { provider: "rdma", rdma: { device: "shm", port: 1 } };
  const config = requireConfig({ node: { id: "a" }, transport });
  const optionsOf = (values: DwcpConfig) =>
    JSON.stringify(nodeOptionsOf(values, { key: testKey, baselines: "folder", tls: undefined }));
  const changed = configPaths.filter((path) => {
    const other = otherOf(config, path);
    // Certificates that were not given.
    if (path === "security.mode") return true;
    return optionsOf({ ...config, [path]: other }) !== optionsOf(config);
  });
  // The manager, or the program around it, is started with these.
  const around = [
    "enabled",
    "compression.pruneIntervalMs",
    "metrics.port",
    "health.intervalMs",
    "compat.fallback",
  ];
  // `limitStreams`: settings.test.ts has it change under a session.
  const told: readonly ConfigPath[] = ["transport.maxStreamsTotal"];
  expect(changed).toEqual(expect.arrayContaining([...told]));
  const fixed = changed.filter((path) => !told.includes(path));
  const restarting = configPaths.filter((path) => DwcpConfigTable[path].applies === "restart");
  expect([...fixed, ...around].toSorted()).toEqual(restarting.toSorted());
});
