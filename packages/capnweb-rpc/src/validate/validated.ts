import { CapnwebError } from "../errors.js";
import { RpcTarget } from "../rpc-target.js";
import { describeIssues, formatIssues, type Issue } from "./describe-issues.js";
import type { SchemaResult, StandardSchema } from "./standard-schema.js";

/** What a method takes and gives. What has no schema is not looked at. */
export interface MethodContract {
  /** The argument list, as one array: a schema of a tuple. */
  readonly args?: StandardSchema<readonly unknown[]> | undefined;
  /** What the method answers, or a getter's value. */
  readonly result?: StandardSchema | undefined;
}

/** The members of a target that peers may use, by name. */
export type Contract<T> = { readonly [K in keyof T]?: MethodContract };

/** A refusal, as its own side hears of it. */
export interface Refusal {
  /** The member that was used. */
  readonly member: string;
  /** Whether the caller broke the contract, or the target. */
  readonly broken: "args" | "result";
  /** What is wrong. */
  readonly issues: readonly Issue[];
}

/** What may be chosen for a validated target. */
export interface ValidatedOptions {
  /** Hears of every refusal; must not throw. The issues of a result are told to nobody else. */
  readonly onRefusal?: ((refusal: Refusal) => void) | undefined;
}

/**
 * Makes a target that stands before `target` and lets through what `contract` allows: members that
 * it does not name do not exist for a peer. Arguments and results arrive as their schema gives them
 * back. A call whose schemas answer at once is made at once, so calls keep their order.
 *
 * Disposing it disposes `target`.
 *
 * Peers get {@link CapnwebError} `capnweb.invalid_argument` with `issues`, and
 * `capnweb.invalid_result` without.
 *
 * @see spec/capnweb.md §14.8
 */
export function validated<T extends object, C extends Contract<T>>(
  target: T,
  contract: C,
  options: ValidatedOptions = {},
): RpcTarget & Pick<T, keyof C & keyof T> & Disposable {
  class Validated extends RpcTarget {
    [Symbol.dispose](): void {
      (target as Partial<Disposable>)[Symbol.dispose]?.();
    }
  }
  for (const member of Object.keys(contract)) {
    const rules = contract[member as keyof T] ?? {};
    const gate = new Gate(target, member, rules, options.onRefusal);
    const isMethod = typeof Reflect.get(target, member) === "function";
    Object.defineProperty(Validated.prototype, member, {
      configurable: true,
      ...(isMethod
        ? { value: (...args: readonly unknown[]) => gate.call(args) }
        : { get: () => gate.read() }),
    });
  }
  return new Validated() as unknown as RpcTarget & Pick<T, keyof C & keyof T> & Disposable;
}

/** Checks one member on its way in and out. */
class Gate {
  readonly #target: object;
  readonly #member: string;
  readonly #rules: MethodContract;
  readonly #onRefusal: ((refusal: Refusal) => void) | undefined;

  constructor(
    target: object,
    member: string,
    rules: MethodContract,
    onRefusal: ((refusal: Refusal) => void) | undefined,
  ) {
    this.#target = target;
    this.#member = member;
    this.#rules = rules;
    this.#onRefusal = onRefusal;
  }

  call(args: readonly unknown[]): unknown {
    const { args: schema } = this.#rules;
    if (schema === undefined) return this.#run(args);
    return then(schema["~standard"].validate(args), (outcome) => this.#run(this.#accept(outcome)));
  }

  read(): unknown {
    return this.#check(Reflect.get(this.#target, this.#member));
  }

  #run(args: readonly unknown[]): unknown {
    const method = Reflect.get(this.#target, this.#member) as () => unknown;
    return this.#check(Reflect.apply(method, this.#target, args));
  }

  #accept(outcome: SchemaResult<readonly unknown[]>): readonly unknown[] {
    if (outcome.issues === undefined) return outcome.value;
    const issues = describeIssues(outcome.issues);
    this.#onRefusal?.({ member: this.#member, broken: "args", issues });
    const error = new CapnwebError(
      "capnweb.invalid_argument",
      `${this.#member}: ${formatIssues(issues)}`,
      { details: { member: this.#member } },
    );
    throw Object.assign(error, { issues });
  }

  #check(result: unknown): unknown {
    const { result: schema } = this.#rules;
    if (schema === undefined) return result;
    return then(result, (value) =>
      then(schema["~standard"].validate(value), (outcome) => {
        if (outcome.issues === undefined) return outcome.value;
        const issues = describeIssues(outcome.issues);
        this.#onRefusal?.({ member: this.#member, broken: "result", issues });
        // What the result was is not the caller's business.
        throw new CapnwebError(
          "capnweb.invalid_result",
          `${this.#member} did not answer what it promises`,
          { details: { member: this.#member } },
        );
      }),
    );
  }
}

/** Goes on with a value at once, or when it is there. */
function then<T>(value: T | PromiseLike<T>, go: (value: T) => unknown): unknown {
  return isThenable(value) ? value.then(go) : go(value);
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  return typeof (value as { readonly then?: unknown }).then === "function";
}
