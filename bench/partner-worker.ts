// The other thread of scaling.ts, with an engine of its own: runs the kernel in L1 while it is told to, or answers wake-ups.
import { parentPort, workerData } from "node:worker_threads";
import { prepareL1 } from "./l1.ts";
import { library } from "./library.ts";
import { CALLS, type PartnerData, PING, RATE, RUN, STATE } from "./partner.ts";
import { allowRelaxed } from "./runtime.ts";

const { binary, budget, words, rates } = workerData as PartnerData;
allowRelaxed();
const { createEngine } = await library();
const engine = await createEngine({ binary, workers: 0 });
const { subject } = await prepareL1(engine, binary, budget);
parentPort!.postMessage("ready");

let answered = 0;
for (;;) {
  const state = Atomics.load(words, STATE);
  if (state === RUN) {
    let calls = 0;
    const start = performance.now();
    while (Atomics.load(words, STATE) === RUN) {
      subject.call();
      Atomics.store(words, CALLS, ++calls);
    }
    rates[RATE] = (calls * subject.multiplyAdds) / (performance.now() - start);
    Atomics.store(words, CALLS, -1);
    Atomics.notify(words, CALLS);
  } else {
    const seen = Atomics.load(words, PING);
    if (seen === answered) Atomics.wait(words, PING, seen);
    answered = Atomics.load(words, PING);
    Atomics.store(words, PING + 1, answered);
  }
}
