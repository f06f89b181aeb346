// A database behind Cap'n Web: PostgreSQL inside this process (PGlite), or the one that DATABASE_URL names. Connections
// are pooled, rows are streamed, and clients get queries, not SQL.
import { newWebSocketRpcSession, RpcTarget } from "@proj/capnweb-rpc";
import { once } from "node:events";
import { WebSocketServer } from "ws";
import { openPool } from "./pool.mjs";

class Orders extends RpcTarget {
  #pool;
  constructor(pool) {
    super();
    this.#pool = pool;
  }
  add(orders) {
    const [items, prices] = [orders.map(({ item }) => item), orders.map(({ price }) => price)];
    const sql = "INSERT INTO orders (item, price) SELECT * FROM unnest($1::text[], $2::int[])";
    return this.#pool.lease(async (query) => void (await query(sql, [items, prices])));
  }
  async total(item) {
    const sql =
      "SELECT count(*)::int AS orders, sum(price)::int AS price FROM orders WHERE item = $1";
    return this.#pool.lease(async (query) => (await query(sql, [item])).rows[0]);
  }
  /** Streams rows, a hundred per fetch: the cursor waits whenever the reader does. */
  rows(below) {
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    const work = async (query) => {
      const sql = "SELECT id, item, price FROM orders WHERE price < ";
      await query(`DECLARE found CURSOR FOR ${sql}${Number(below)} ORDER BY id`);
      for (;;) {
        const { rows } = await query("FETCH 100 FROM found");
        if (rows.length === 0) return;
        await writer.ready;
        await writer.write(rows);
      }
    };
    // A reader that leaves makes write() fail, which ends the transaction and frees the connection.
    this.#pool.lease(work).then(
      () => writer.close(),
      (error) => writer.abort(error).catch(() => undefined),
    );
    return readable;
  }
}

const pool = openPool(process.env.DATABASE_URL);
await pool.lease((query) =>
  query("CREATE TABLE orders (id serial PRIMARY KEY, item text NOT NULL, price int NOT NULL)"),
);
const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
server.on("connection", (socket) => newWebSocketRpcSession(socket, new Orders(pool)));
await once(server, "listening");

const orders = newWebSocketRpcSession(`ws://127.0.0.1:${server.address().port}`);
const items = ["tea", "coffee", "cake"];
await orders.add(Array.from({ length: 1000 }, (_, i) => ({ item: items[i % 3], price: i })));

// Questions at once take a connection each, where there are as many.
const totals = await Promise.all(items.map((item) => orders.total(item)));
console.log(items.map((item, i) => `${item} ${totals[i].orders}/${totals[i].price}`).join(", "));

let rows = 0;
for await (const chunk of await orders.rows(950)) rows += chunk.length;
console.log(`${rows} rows below 950`);
for await (const [first] of await orders.rows(1000)) {
  console.log(`first: ${first.id} ${first.item}, and no more of them`);
  break;
}
await orders.add([{ item: null, price: 1 }]).catch((error) => console.log(error.message));

orders[Symbol.dispose]();
server.close();
await pool.lease((query) => query("DROP TABLE orders"));
await pool.end();
