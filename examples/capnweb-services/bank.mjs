// The bank: accounts, and purses with a limit.
import { RpcTarget } from "@proj/capnweb-rpc";

/** Money to spend, and no more than that. */
class Purse extends RpcTarget {
  #account;
  #left;
  constructor(account, limit) {
    super();
    this.#account = account;
    this.#left = limit;
  }
  pay(amount) {
    if (!(amount > 0)) throw new RangeError("an amount is above 0");
    if (amount > Math.min(this.#left, this.#account.balance)) throw new Error("not enough money");
    this.#left -= amount;
    this.#account.balance -= amount;
    return `paid ${amount}`;
  }
  /** Whoever gave the purse away takes it back. */
  [Symbol.dispose]() {
    this.#left = 0;
  }
}
/** What a password opens. */
class Account extends RpcTarget {
  #account = { balance: 100 };
  purse(limit) {
    return new Purse(this.#account, limit);
  }
  balance() {
    return this.#account.balance;
  }
}
/** What everyone reaches. */
export class Bank extends RpcTarget {
  logIn(password) {
    if (password !== "open sesame") throw new Error("wrong password");
    return new Account();
  }
}
