/** Plans of dilated problems by Winograd: a dilation's phases have none (problem/dilated.ts), and share their filters. */
import { phasesOfDilated } from "../problem/dilated.ts";
import { type ConvProblem, product } from "../problem/problem.ts";
import type { Candidate } from "./direct.ts";
import { together } from "./phases.ts";
import type { BinaryName } from "./registers.ts";
import { winogradCandidates } from "./winograd.ts";

/** Each has steps of its own, and smaller maps. */
const MOST_PHASES = 64;
/** Reading an input and storing an output that are not side by side. */
const READ_CYCLES = 1;
const STORE_CYCLES = 2;

/** None where the algorithm does not apply. */
export function dilatedCandidates(p: ConvProblem, binary: BinaryName): Candidate[] {
  const count = p.dilation[1] * p.dilation[2];
  if (count === 1 || count > MOST_PHASES) return [];
  const forms = phasesOfDilated(p).map((phase) => winogradCandidates(phase, binary));
  const apart =
    p.batch * p.groups * (READ_CYCLES * p.channels * product(p.input) + STORE_CYCLES * p.filters * product(p.output));
  return (forms[0] ?? []).flatMap(({ name }) => {
    const same = forms.map((candidates) => candidates.find((one) => one.name === name));
    if (!same.every((one) => one !== undefined)) return [];
    const cycles = same.reduce((sum, one) => sum + one.cycles, apart);
    const note = `${count} phases of the dilation, their filters the same; the largest:`;
    return [
      {
        name: `${name}, phases`,
        cycles,
        build: () =>
          together(
            p,
            same.map((one) => one.build()),
            note,
            true,
          ),
      },
    ];
  });
}
