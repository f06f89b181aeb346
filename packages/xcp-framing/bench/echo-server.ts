import { serveProcess } from "@proj/bench";
import { peers } from "./peers/index.js";

await serveProcess(async (name) => {
  const port = await peers[String(name)]?.serve();
  return { ready: { port } };
});
