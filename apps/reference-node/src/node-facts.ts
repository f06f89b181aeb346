import type { DoctorRow } from "@proj/native-io";
import { createServer } from "node:net";
import { CONTROL_PORT } from "./control/control-config.js";
import { defaultCodecOrder } from "./config/schema.js";
import { loadDataset } from "./demo/dataset.js";
import { nodeVersion } from "./node-version.js";

/** Examines what the node itself needs: codecs, ports, the data of the demo. */
export async function nodeFacts(): Promise<readonly DoctorRow[]> {
  return [
    { name: "reference-node", value: nodeVersion(), ok: true },
    { name: "codecs", value: defaultCodecOrder.join(" "), ok: true },
    await portRow(9944, "serve without a configuration cannot listen"),
    await portRow(9945, "the admin endpoint cannot listen there"),
    await portRow(CONTROL_PORT, "the control API cannot listen there"),
    demoRow(),
  ];
}

async function portRow(port: number, cost: string): Promise<DoctorRow> {
  const name = `port-${port}`;
  const code = await new Promise<string | undefined>((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "unknown"));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(undefined)));
  });
  if (code === undefined) return { name, value: "free on 127.0.0.1", ok: true };
  return { name, value: `taken on 127.0.0.1 (${code})`, ok: false, cost };
}

function demoRow(): DoctorRow {
  try {
    return { name: "demo-data", value: loadDataset().folder, ok: true };
  } catch (error) {
    const value = (error as Error).message.split("\n")[0] ?? "missing";
    return { name: "demo-data", value, ok: false, cost: "the demo has nothing to send" };
  }
}
