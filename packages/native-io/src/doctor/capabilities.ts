import type { Backend } from "../backend.js";
import type { DoctorRow } from "./doctor.js";

/** Examines what each feature of `backend` finds on this machine. */
export function capabilityRows(backend: Backend): readonly DoctorRow[] {
  const { shm, futex, udp, rma, crypto, tcp, cores } = backend;
  const found = [shm, futex, udp, rma, crypto, tcp, cores].flatMap((each) => each.capabilities());
  return found.map(({ name, available: ok, reason: value, cost }) =>
    cost === undefined ? { name, value, ok } : { name, value, ok, cost },
  );
}
