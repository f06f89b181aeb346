// Property tests draw from a random seed, printed when one fails; `FUZZ_SEED` fixes it, so that a run repeats.
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env.FUZZ_SEED) });
