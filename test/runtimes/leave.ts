// A program that uses pools, disposes of nothing, and must end by itself.
import { longJob } from "../support/work.ts";
import { config, createEngine, nnet } from "./library.ts";
import { withPool } from "./pool.ts";

const { input, filters } = longJob(1);
config.workers = 2;
config.openmp = true;
await nnet.conv2d(input, filters); // one call, so that the shared engine's workers are still starting at the end
const engine = await withPool("auto", 2);
await engine.nnet.conv2d(input, filters, { openmp: true });
const busy = await createEngine({ workers: 2 });
await busy.nnet.conv2d(input, filters, { openmp: false });
console.log(`leaves ${engine.capabilities().using.workers} workers behind`);
