// The warehouse: a reservation is an object, and forgetting it puts the goods back.
import { RpcTarget } from "@proj/capnweb-rpc";

/** How many there are of each item. */
export const stock = new Map([["lamp", 1]]);
/** One item, held back. */
class Reservation extends RpcTarget {
  #item;
  #shipped = false;
  constructor(item) {
    super();
    this.#item = item;
    stock.set(item, stock.get(item) - 1);
  }
  ship(to) {
    this.#shipped = true;
    return `${this.#item} for ${to}`;
  }
  [Symbol.dispose]() {
    if (!this.#shipped) stock.set(this.#item, stock.get(this.#item) + 1);
  }
}
/** What everyone reaches. */
export class Warehouse extends RpcTarget {
  reserve(item) {
    if (!(stock.get(item) > 0)) throw new Error(`no ${item} in stock`);
    return new Reservation(item);
  }
}
