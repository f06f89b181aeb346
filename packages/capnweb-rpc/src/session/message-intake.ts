import type { Hook } from "../core/hook.js";
import { PayloadReader, rootHook } from "../core/payload-reader.js";
import type { RpcLimits } from "../limits.js";
import type { Answers } from "./answers.js";
import type { ExportTable } from "./export-table.js";
import type { ImportTable } from "./import-table.js";
import { RefusingScope } from "./refusing-scope.js";
import type { SessionHooks } from "./session-hooks.js";
import type { SessionScope } from "./session-scope.js";

/** What the messages of the peer act on. */
export interface MessageIntakeParts {
  readonly limits: RpcLimits;
  readonly exports: ExportTable;
  readonly imports: ImportTable;
  readonly answers: Answers;
  readonly scope: SessionScope;
  /** Refuses what the peer pushes. */
  readonly refusal: SessionHooks["refusal"];
  /** Hears why the peer ended the session. */
  readonly aborted: (reason: unknown) => void;
}

/** Does what the messages of the peer say. spec/capnweb.md §4 */
export class MessageIntake {
  readonly #parts: MessageIntakeParts;
  readonly #reader: PayloadReader;

  /** Reads payloads in the session's scope. */
  constructor(parts: MessageIntakeParts) {
    this.#parts = parts;
    this.#reader = new PayloadReader(parts.limits, parts.scope);
  }

  /** Takes one message. @throws Error for what is wrong with it: the session cannot go on. */
  take(message: unknown): void {
    if (Array.isArray(message)) {
      const { exports, imports, answers, scope } = this.#parts;
      const [type, first, second] = message as readonly unknown[];
      switch (type) {
        case "push":
          if (message.length < 2) break;
          exports.addPushed(this.#pushed(first));
          return;
        case "pull":
          if (typeof first !== "number") break;
          return answers.answer(first);
        case "resolve":
          if (typeof first !== "number" || message.length < 3) break;
          return imports.resolve(first, rootHook(this.#reader.read(second)));
        case "reject":
          if (typeof first !== "number" || message.length < 3) break;
          return imports.reject(first, this.#reader.read(second));
        case "release":
          if (typeof first !== "number" || !isCount(second)) break;
          return scope.release(first, second);
        case "stream":
          if (message.length < 2) break;
          return answers.answerOnce(exports.addPushed(this.#pushed(first)));
        case "pipe":
          return scope.addPipe();
        case "abort":
          if (message.length < 2) break;
          return this.#parts.aborted(this.#reader.read(first).value);
        default:
      }
    }
    throw new Error(`bad RPC message: ${JSON.stringify(message)}`);
  }

  #pushed(expression: unknown): Hook {
    const refusal = this.#parts.refusal?.() ?? this.#overload();
    if (refusal === undefined) return this.#reader.readHook(expression);
    const scope = new RefusingScope(this.#parts.scope, refusal);
    return new PayloadReader(this.#parts.limits, scope).readHook(expression);
  }

  #overload(): RangeError | undefined {
    const { answers, limits } = this.#parts;
    if (answers.outstanding < limits.maxOutstandingCalls) return undefined;
    return new RangeError(`More than ${limits.maxOutstandingCalls} calls are outstanding.`);
  }
}

function isCount(count: unknown): count is number {
  return typeof count === "number" && Number.isSafeInteger(count) && count > 0;
}
