/** The runner: places the task in every engine, checks each answer, then has all of them timed. */
import { nextTask } from "../turns.ts";
import { type Answer, type Arrays, checkSamples, compareAll } from "./answer.ts";
import { startWorkers } from "./engines.ts";
import { makeOperands, type Placed, place } from "./operands.ts";
import type { Contest, Standing, Watch } from "./standing.ts";
import { measure, Runner, warmUp } from "./timing.ts";

/** Shares of the progress bar. */
const [CHECKED_AT, WARM_AT] = [0.2, 0.3];

/** Ends when everything is measured, or rejects with the signal's reason soon after it aborts. */
export async function hold(contest: Contest, watch: Watch): Promise<void> {
  const placements: Placed[] = [];
  try {
    const arrays = await makeOperands(contest.task, watch.signal);
    const runners: Runner[] = [];
    for (const standing of contest.standings) {
      const runner = await enter(contest, standing, arrays, placements, watch);
      if (runner) runners.push(runner);
      watch.changed();
    }
    await checkAll(contest, runners, arrays, watch);
    const right = runners.filter(({ standing }) => standing.findings.every((finding) => finding.right));
    await warmUp(contest, right, watch, CHECKED_AT, WARM_AT);
    await measure(contest, right, watch, WARM_AT);
  } finally {
    for (const placed of placements) placed.dispose();
  }
}

/** Undefined if the entry cannot take part. */
async function enter(
  contest: Contest,
  standing: Standing,
  arrays: Arrays,
  placements: Placed[],
  { signal }: Watch,
): Promise<Runner | undefined> {
  const { engine, openmp, id } = standing.entry;
  if (!engine) return undefined;
  signal.throwIfAborted();
  try {
    const placed = await place(engine, contest.task, arrays, id === "webgpu");
    placements.push(placed);
    if (openmp) await startWorkers(engine, signal);
    contest.multiplyAdds = placed.plan.multiplyAdds;
    standing.plan = placed.plan.describe();
    return new Runner(contest, standing, placed);
  } catch (error) {
    signal.throwIfAborted();
    standing.why = error instanceof Error ? error.message : String(error);
    return undefined;
  }
}

/** Workers are held against the same binary alone, all others against the first. */
async function checkAll(contest: Contest, runners: readonly Runner[], arrays: Arrays, watch: Watch): Promise<void> {
  contest.phase = "checking answers";
  const answers = new Map<string, Answer>();
  for (const [i, { standing, placed, run }] of runners.entries()) {
    const { openmp, binary, title } = standing.entry;
    const { algorithm } = placed.plan;
    placed.out.fill(Number.NaN);
    await run(watch, (CHECKED_AT * i) / runners.length, (CHECKED_AT * (i + 1)) / runners.length);
    const data = placed.out.slice();
    standing.findings.push(checkSamples(contest.task, arrays, data, algorithm));
    const [first] = answers.values();
    const other = (openmp && binary && answers.get(binary)) || first;
    if (other) standing.findings.push(compareAll(contest.task, data, algorithm, other));
    if (!openmp) answers.set(binary ?? title, { name: answers.size === 0 ? title : `${title} alone`, algorithm, data });
    await nextTask();
    watch.signal.throwIfAborted();
    watch.changed();
  }
}
