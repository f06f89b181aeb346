/** What came of asking the system for something that it may refuse. */
export type Outcome<T> =
  | { readonly kind: "done"; readonly value: T }
  | {
      readonly kind: "refused";
      /** The name of the refusal, such as `EPERM`; `ENOTSUP` where this backend cannot even ask. */
      readonly errno: string;
      /** One line, for people. */
      readonly reason: string;
    };

/** Reports what was done. */
export function done<T>(value: T): Outcome<T> {
  return { kind: "done", value };
}

/** Reports a refusal. */
export function refused<T>(errno: string, reason: string): Outcome<T> {
  return { kind: "refused", errno, reason };
}
