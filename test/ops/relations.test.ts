// Op against op, in the manner of Theano's own tests (R4 of reliability.md): the same numbers laid out for another op must give
// the same bits on integers, whatever the two implementations share or not.
import { describe, expect, it } from "vitest";
import { firstDifference } from "../support/compare.ts";
import { enginesOfThisFile } from "../support/engines.ts";
import { callOp, type OpName } from "../support/ops.ts";
import { count, gather } from "../support/place.ts";
import { countCalls } from "../support/record.ts";
import { type Engine, numbers, optionsOf, type Spec } from "../support/spec.ts";

const engines = await enginesOfThisFile();

interface Dense {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Axis i of the result is axis `order[i]` of the array; with `flipped` axes backwards. A copy in C order. */
function transposed({ data, shape }: Dense, order: readonly number[], flipped: readonly number[] = []): Dense {
  const steps = shape.map((_, axis) => count(shape.slice(axis + 1)));
  const extents = order.map((axis) => shape[axis]!);
  const result = new Float32Array(data.length);
  const index = order.map(() => 0);
  for (let i = 0; i < result.length; i++) {
    let from = 0;
    for (const [at, axis] of order.entries()) {
      from += steps[axis]! * (flipped.includes(axis) ? shape[axis]! - 1 - index[at]! : index[at]!);
    }
    result[i] = data[from]!;
    for (let at = order.length - 1; at >= 0 && ++index[at]! >= extents[at]!; at--) index[at] = 0;
  }
  return { data: result, shape: extents };
}

interface Relation {
  readonly name: string;
  readonly spec: Omit<Spec, "seed">;
  readonly other: OpName;
  /** The operands, settings and result of the op as the other one has them. */
  readonly input: (array: Dense) => Dense;
  readonly filters: (array: Dense) => Dense;
  readonly output: (array: Dense) => Dense;
  readonly settings: object;
  readonly bias?: Dense;
}

const same = (array: Dense) => array;
const withOne = (at: number) => (array: Dense) => ({
  ...array,
  shape: [...array.shape.slice(0, at), 1, ...array.shape.slice(at)],
});
const noBias = (filters: number): Dense => ({ data: new Float32Array(filters), shape: [filters] });

function* relations(): Generator<Relation> {
  // signals N T C H W and V N row column time C; the filters alike, and flipped on T, H and W.
  const toVideo = (flip: boolean) => (array: Dense) => transposed(array, [0, 3, 4, 1, 2], flip ? [1, 3, 4] : []);
  for (const [input, filters] of [
    [[2, 5, 3, 7, 6], [4, 2, 3, 3, 2]], [[1, 4, 1, 9, 8], [3, 3, 1, 2, 5]], [[3, 3, 16, 5, 7], [17, 1, 16, 3, 3]],
    [[1, 8, 4, 8, 8], [5, 8, 4, 8, 8]], [[2, 6, 5, 4, 13], [2, 3, 5, 1, 4]],
  ] as const) {
    yield {
      name: "conv3d2d is conv3D with time in front and the filters flipped",
      spec: { op: "conv3d2d.conv3d", input, filters },
      other: "conv3D", input: toVideo(false), filters: toVideo(true), output: toVideo(false),
      settings: { d: [1, 1, 1] }, bias: noBias(filters[0]),
    };
  } // biome-ignore format: a table

  // images C H W N and input N C H W; filters C h w O and O C h w.
  for (const [input, filters, pad] of [
    [[3, 7, 8, 5], [3, 3, 2, 16], 0], [[16, 6, 5, 128], [16, 3, 3, 4], 1], [[1, 9, 9, 33], [1, 5, 4, 7], 2], [[6, 4, 4, 1], [6, 1, 1, 9], 0],
  ] as const) {
    for (const stride of [1, 2, 3]) {
      if (stride > Math.min(filters[1], filters[2])) continue;
      // nnet.conv2d rounds down: zeros below and to the right make up for what filterActs rounds up.
      const more = (extent: number, k: number) => (stride - ((extent + 2 * pad - k) % stride)) % stride;
      const [low, right] = [pad + more(input[1], filters[1]), pad + more(input[2], filters[2])];
      yield {
        name: `filterActs, stride ${stride} and pad ${pad}, is nnet.conv2d with the batch in front`,
        spec: { op: "c01b.filterActs", input, filters, pad, stride },
        other: "nnet.conv2d",
        input: (array) => transposed(array, [3, 0, 1, 2]),
        filters: (array) => transposed(array, [3, 0, 1, 2]),
        output: (array) => transposed(array, [3, 0, 1, 2]),
        settings: { filterFlip: false, subsample: [stride, stride], borderMode: [[pad, low], [pad, right]] },
      };
    }
  } // biome-ignore format: a table

  for (const borderMode of ["valid", "full"] as const) {
    for (const subsample of [[1, 1], [2, 3]] as const) {
      yield {
        name: `signal.conv2d, ${borderMode}, is nnet.conv2d of one channel`,
        spec: { op: "signal.conv2d", input: [3, 11, 14], filters: [5, 4, 3], borderMode, subsample },
        other: "nnet.conv2d", input: withOne(1), filters: withOne(1), output: same, settings: { borderMode, subsample },
      };
    }
  } // biome-ignore format: a table

  for (const d of [[1, 1, 1], [2, 1, 1], [3, 2, 1]] as const) {
    yield {
      name: `conv3D with one time, strides ${d}, is nnet.conv2d with channels last and unflipped`,
      spec: { op: "conv3D", input: [2, 9, 8, 1, 3], filters: [4, 3, 2, 1, 3], d },
      other: "nnet.conv2d",
      input: (array) => transposed({ ...array, shape: [2, 9, 8, 3] }, [0, 3, 1, 2]),
      filters: (array) => transposed({ ...array, shape: [4, 3, 2, 3] }, [0, 3, 1, 2]),
      output: ({ data, shape: [n, rows, columns, , o] }) => transposed({ data, shape: [n!, rows!, columns!, o!] }, [0, 3, 1, 2]),
      settings: { filterFlip: false, subsample: [d[0], d[1]] },
    };
  } // biome-ignore format: a table

  for (const borderMode of ["valid", "half", "full"] as const) {
    yield {
      name: `conv3d2d with one frame, ${borderMode}, is nnet.conv2d`,
      spec: { op: "conv3d2d.conv3d", input: [2, 1, 3, 9, 8], filters: [4, 1, 3, 3, 4], borderMode },
      other: "nnet.conv2d",
      input: (array) => ({ ...array, shape: [2, 3, 9, 8] }),
      filters: (array) => ({ ...array, shape: [4, 3, 3, 4] }),
      output: ({ data, shape: [n, , o, rows, columns] }) => ({ data, shape: [n!, o!, rows!, columns!] }),
      settings: { borderMode },
    };
  }
}

async function resultOf(
  engine: Engine,
  op: OpName,
  given: { input: Dense; filters: Dense; bias?: Dense },
  settings: object,
): Promise<Dense> {
  const result = await callOp(engine, op, given, settings);
  return { data: Float32Array.from(gather(result)), shape: result.shape };
}

describe("op against op", () => {
  for (const binary of engines.binaries) {
    it(`${binary}: the same numbers in another layout give the same bits`, async (test) => {
      const engine = await engines.get(binary);
      for (const [i, { name, spec, other, settings, bias, ...laidOut }] of [...relations()].entries()) {
        const op = spec.op!;
        const { problem } = numbers({ ...spec, seed: 100 + i });
        const input = { data: Float32Array.from(problem.input), shape: spec.input };
        const filters = { data: Float32Array.from(problem.filters), shape: spec.filters };
        const zero = problem.bias && { bias: noBias(problem.bias.length) };
        const mine = laidOut.output(
          await resultOf(engine, op, { input, filters, ...zero }, optionsOf({ ...spec, seed: 0 })),
        );
        const given = { input: laidOut.input(input), filters: laidOut.filters(filters), ...(bias && { bias }) };
        const theirs = await resultOf(engine, other, given, settings);
        const message = `${name}: input [${spec.input}], filters [${spec.filters}], seed ${100 + i}, ${binary}`;
        expect(mine.shape, message).toEqual(theirs.shape);
        expect(firstDifference(mine.data, theirs.data), message).toBe(-1);
        expect(
          mine.data.some((value) => value !== 0),
          message,
        ).toBe(true);
        countCalls(test, binary, 2);
      }
    });
  }
});
