// Connections to PostgreSQL, pooled: the engine inside this process (PGlite), or the server that a URL names.
import { PGlite } from "@electric-sql/pglite";
import pg from "pg";

/** A pool of connections: `lease(work)` runs `work(query)` with one of them, inside a transaction. */
export function openPool(url) {
  if (url === undefined) {
    // An engine in the process is one connection: whoever comes second waits.
    const engine = new PGlite();
    const lease = (work) =>
      engine.transaction((tx) => work((sql, values) => tx.query(sql, values)));
    return { name: "PGlite", lease, end: () => engine.close() };
  }
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  const lease = async (work) => {
    const client = await pool.connect();
    try {
      await client.query("BEGIN");
      const result = await work((sql, values) => client.query(sql, values));
      await client.query("COMMIT");
      return result;
    } catch (error) {
      await client.query("ROLLBACK");
      throw error;
    } finally {
      client.release();
    }
  };
  return { name: "PostgreSQL", lease, end: () => pool.end() };
}
