// The answering end of dcQUIC in a process of its own; started by toProcess of dcquic-peers.ts.
import { serveProcess } from "@proj/bench";
import { answerAll, type DriverName, openPool } from "./dcquic-peers.js";

await serveProcess(async (driver) => {
  const pool = await openPool(driver as DriverName);
  answerAll(pool);
  return { ready: pool.name };
});
