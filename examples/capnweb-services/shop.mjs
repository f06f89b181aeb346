// The shop joins a warehouse and a purse, and owns neither.
import { RpcTarget } from "@proj/capnweb-rpc";

/** What everyone reaches. */
export class Shop extends RpcTarget {
  #warehouse;
  constructor(warehouse) {
    super();
    this.#warehouse = warehouse;
  }
  async buy(item, purse, name) {
    const reservation = await this.#warehouse.reserve(item);
    try {
      const receipt = await purse.pay(60);
      return `${await reservation.ship(name)}, ${receipt}`;
    } finally {
      reservation[Symbol.dispose]();
    }
  }
}
