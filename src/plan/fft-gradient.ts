/** Gradients with respect to filters by transforms: one channel; a convolution whose filters, the gradient of the outputs, are large. */
import { forwardOf } from "../problem/filter-gradient.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { sumStep } from "./correlate-blocks.ts";
import type { Candidate } from "./direct.ts";
import { fftCandidate } from "./fft.ts";
import { planFrom, type Step } from "./plan.ts";
import { type BinaryName, elementBytes } from "./registers.ts";
import { segmentsOf } from "./segments.ts";

/** Of several images each is a group by itself, whose result is a block; the blocks are added in the fixed tree. Null where it does not apply. */
export function fftGradientCandidate(gradient: ConvProblem, binary: BinaryName): Candidate | null {
  const { channels: images, groups, x, w, y } = gradient;
  if (images === 1) return fftCandidate(gradient, binary);
  if (images === 0 || groups !== 1 || y.size === 0) return null;
  const alone = fftCandidate(
    {
      ...gradient,
      groups: images,
      channels: 1,
      x: { ...x, group: x.channel },
      w: { ...w, group: w.channel },
      y: { ...y, group: y.size },
    },
    binary,
  );
  if (!alone) return null;
  const sum = sumStep(forwardOf(gradient), images);
  return {
    name: alone.name,
    cycles: alone.cycles + sum.cycles,
    build: () => {
      const plan = alone.build();
      return planFrom({
        ...plan,
        problem: gradient,
        steps: [...plan.steps.map(intoBlocks), sum],
        workBytes: images * y.size * elementBytes(gradient.dtype),
        notes: [...plan.notes, `${images} images, each by itself, and their sum`],
      });
    },
  };
}

function intoBlocks(step: Step): Step {
  const pointers = step.pointers.map((one) => (one.region === "y" ? { ...one, region: "work" as const } : one));
  const segments = segmentsOf(step, 0, 1) && ((first: number, last: number) => segmentsOf(step, first, last)!);
  return { ...step, pointers, ...(segments && { segments }) };
}
