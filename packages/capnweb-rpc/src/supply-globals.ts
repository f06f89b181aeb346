// Hosts of before 2025 lack these. `using` needs the symbols, which the classes here bear, too, and programs written for the
// reference count on all three. spec/capnweb.md §15
supply(Symbol, "dispose", Symbol.for("dispose"));
supply(Symbol, "asyncDispose", Symbol.for("asyncDispose"));
supply(Promise, "withResolvers", withResolvers);

function supply(owner: object, name: string, value: unknown): void {
  if (Reflect.get(owner, name) !== undefined) return;
  Object.defineProperty(owner, name, { value, writable: true, configurable: true });
}

function withResolvers(this: PromiseConstructor): object {
  const settling = {};
  const promise = new this((resolve, reject) => {
    Object.assign(settling, { resolve, reject });
  });
  return { promise, ...settling };
}
