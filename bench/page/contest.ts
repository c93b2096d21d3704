/** The runner: places the layer in every engine, checks each answer, then has all of them timed. */
import type { Engine } from "simdconv";
import { checkSamples, compareAll, type Operands } from "./answer.ts";
import { startWorkers } from "./engines.ts";
import { makeOperands, nextTask, type Placed, place } from "./operands.ts";
import type { Contest, Standing, Watch } from "./standing.ts";
import { measure, Runner, warmUp } from "./timing.ts";

/** Shares of the progress bar. */
const [CHECKED_AT, WARM_AT] = [0.2, 0.3];

/** Ends when everything is measured, or rejects with the signal's reason soon after it aborts. */
export async function hold(contest: Contest, watch: Watch): Promise<void> {
  const placements = new Map<Engine, Placed>();
  try {
    const operands = await makeOperands(contest.layer, watch.signal);
    const runners: Runner[] = [];
    for (const standing of contest.standings) {
      const runner = await enter(contest, standing, operands, placements, watch);
      if (runner) runners.push(runner);
      watch.changed();
    }
    await checkAll(contest, runners, operands, watch);
    const right = runners.filter(({ standing }) => standing.findings.every((finding) => finding.right));
    await warmUp(contest, right, watch, CHECKED_AT, WARM_AT);
    await measure(contest, right, watch, WARM_AT);
  } finally {
    for (const placed of placements.values()) placed.dispose();
  }
}

/** Undefined if the entry cannot take part. Entries that share an engine share its operands. */
async function enter(
  contest: Contest,
  standing: Standing,
  operands: Operands,
  placements: Map<Engine, Placed>,
  { signal }: Watch,
): Promise<Runner | undefined> {
  const { engine, openmp } = standing.entry;
  if (!engine) return undefined;
  signal.throwIfAborted();
  try {
    const placed = placements.get(engine) ?? (await place(engine, contest.layer, operands));
    placements.set(engine, placed);
    if (openmp) await startWorkers(engine, signal);
    contest.multiplyAdds = placed.op.plan.multiplyAdds;
    standing.plan = placed.op.plan.describe();
    return new Runner(contest, standing, placed);
  } catch (error) {
    signal.throwIfAborted();
    standing.why = error instanceof Error ? error.message : String(error);
    return undefined;
  }
}

/** Workers are held against the same binary alone, every other binary against scalar. */
async function checkAll(contest: Contest, runners: readonly Runner[], operands: Operands, watch: Watch): Promise<void> {
  contest.phase = "checking answers";
  const answers = new Map<string, Float32Array>();
  for (const [i, runner] of runners.entries()) {
    const { standing, placed } = runner;
    const { binary } = placed.op.plan;
    placed.out.data.fill(Number.NaN);
    await runner.run(watch, (CHECKED_AT * i) / runners.length, (CHECKED_AT * (i + 1)) / runners.length);
    const answer = (placed.out.data as Float32Array).slice();
    standing.findings.push(checkSamples(contest.layer, operands, answer));
    const { openmp } = standing.entry;
    const other = answers.get(openmp ? binary : "scalar");
    const name = openmp ? `${binary} alone` : "scalar";
    if (other) standing.findings.push(compareAll(contest.layer, operands, answer, other, name));
    if (!openmp) answers.set(binary, answer);
    await nextTask();
    watch.signal.throwIfAborted();
    watch.changed();
  }
}
