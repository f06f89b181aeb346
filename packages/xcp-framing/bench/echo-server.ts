import { serveProcess } from "@proj/bench";
import { peers } from "./peers/index.js";

await serveProcess(async (name) => {
  const peer = await peers[String(name)]?.();
  const port = await peer?.serve();
  return { ready: { port } };
});
