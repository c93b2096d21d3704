/** Results of the library as rows of numbers. All data of the figures are integers, and so are their sums: they are exact. */
import type { Operand } from "simdconv";

type Rows = number[][];

/** Rows and columns of an operand in C order, at `first` elements from its start. */
export function planeAt({ data }: Operand, rows: number, columns: number, first = 0): Rows {
  return Array.from({ length: rows }, (_, y) =>
    Array.from({ length: columns }, (_, x) => {
      const value = data[first + y * columns + x];
      if (!Number.isInteger(value)) throw new Error(`${value} is not an exact sum`);
      return value + 0; // never −0
    }),
  );
}

/** The planes of the last two axes, one after the other. */
export function planesOf(operand: Operand): Rows[] {
  const [columns, rows, ...others] = [...operand.shape].reverse();
  const count = others.reduce((product, extent) => product * extent, 1);
  return Array.from({ length: count }, (_, i) => planeAt(operand, rows, columns, i * rows * columns));
}
