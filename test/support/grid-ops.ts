// Named edge cases of signal.conv2d, conv3D, conv3d2d.conv3d and filterActs, as grid.ts has them for nnet.conv2d: around tiles
// of pixels, times, images and filters, and every odd corner of ranks, modes, strides and the edge that filterActs rounds up.
import type { NamedSpec } from "./grid.ts";
import type { Spec } from "./spec.ts";

type Loose = Omit<Spec, "seed">;
type Row = readonly [string, Loose];

const around = [1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17, 23, 25, 31, 32, 33, 47, 49];

function* signal(): Generator<Row> {
  const op = "signal.conv2d" as const;
  for (const width of around) {
    yield [`${width} pixels in a row`, { op, input: [1, width], filters: [1, 1] }];
    yield [`${width} pixels, 3x3 full`, { op, input: [2, 3, width], filters: [2, 3, 3], borderMode: "full" }];
    yield [`${width} filters`, { op, input: [5, 9], filters: [width, 2, 3] }];
  }
  for (const input of [[6, 7], [1, 6, 7], [3, 6, 7]]) {
    for (const filters of [[3, 2], [1, 3, 2], [4, 3, 2]]) {
      yield [`ranks ${input.length} and ${filters.length}, ${input[0]} and ${filters[0]}`, { op, input, filters }];
    }
  } // biome-ignore format: shapes
  for (const k of [2, 3, 5, 9, 17, 31]) {
    yield [`${k}x${k}`, { op, input: [2, k + 14, k + 19], filters: [3, k, k] }];
    yield [`${k}x${k} of rank one`, { op, input: [2, k + 14, k + 19], filters: [3, k, k], rankOne: true }];
    yield [`a row of ${k}, full`, { op, input: [9, 37], filters: [1, k], borderMode: "full" }];
    yield [`a column of ${k}, full`, { op, input: [37, 9], filters: [k, 1], borderMode: "full" }];
  }
  yield [
    "of rank one, full and strided",
    { op, input: [2, 21, 19], filters: [4, 7, 5], rankOne: true, borderMode: "full", subsample: [2, 3] },
  ];
  for (const stride of [2, 3, 4, 5]) {
    for (const borderMode of ["valid", "full"] as const) {
      yield [
        `stride ${stride}, ${borderMode}`,
        { op, input: [2, 19, 33], filters: [3, 4, 3], borderMode, subsample: [stride, stride] },
      ];
    }
  }
  yield ["strides of their own", { op, input: [17, 19], filters: [3, 3], subsample: [1, 4] }];
  yield ["stride larger than the filter", { op, input: [17, 19], filters: [2, 2, 2], subsample: [5, 7] }];
  yield ["stride larger than the image", { op, input: [4, 5], filters: [2, 2], subsample: [9, 9] }];
  yield ["all extents 1", { op, input: [1, 1], filters: [1, 1] }];
  yield ["one pixel under a large filter", { op, input: [1, 1], filters: [7, 5], borderMode: "full" }];
  yield ["filter as large as the image", { op, input: [2, 6, 9], filters: [3, 6, 9] }];
  yield ["filter larger than the image", { op, input: [2, 3, 4], filters: [3, 7, 9], borderMode: "full" }];
  yield ["empty batch", { op, input: [0, 6, 7], filters: [3, 2] }];
  yield ["no filters", { op, input: [2, 6, 7], filters: [0, 3, 2] }];
  yield ["the seed's case", { op, input: [6, 6], filters: [4, 4] }];
  yield ["the seed's case, batch 10", { op, input: [10, 6, 6], filters: [1, 4, 4] }];
}

function* conv3D(): Generator<Row> {
  const op = "conv3D" as const;
  for (const extent of around) {
    yield [`${extent} times`, { op, input: [1, 2, 3, extent, 2], filters: [3, 1, 1, 1, 2] }];
    yield [`${extent} times, 2x2x3`, { op, input: [1, 3, 3, extent + 2, 2], filters: [2, 2, 2, 3, 2] }];
    yield [`${extent} columns`, { op, input: [1, 3, extent + 1, 3, 3], filters: [2, 2, 2, 1, 3] }];
    yield [`${extent} filters`, { op, input: [2, 3, 3, 3, 3], filters: [extent, 2, 1, 2, 3] }];
    yield [`${extent} channels`, { op, input: [1, 3, 4, 5, extent], filters: [5, 2, 2, 2, extent] }];
  }
  for (const d of [[2, 1, 1], [1, 2, 1], [1, 1, 2], [2, 3, 4], [4, 3, 2], [9, 9, 9]] as const) {
    yield [`strides ${d}`, { op, input: [2, 9, 8, 11, 3], filters: [4, 3, 2, 3, 3], d }];
    yield [`strides ${d}, one channel`, { op, input: [2, 9, 8, 11, 1], filters: [4, 3, 2, 3, 1], d }];
  } // biome-ignore format: strides
  yield [
    "stride larger than the filter, times left over",
    { op, input: [1, 7, 8, 9, 2], filters: [3, 1, 2, 2, 2], d: [3, 5, 4] },
  ];
  yield ["all extents 1", { op, input: [1, 1, 1, 1, 1], filters: [1, 1, 1, 1, 1] }];
  yield ["filter as large as the video", { op, input: [2, 4, 5, 6, 3], filters: [5, 4, 5, 6, 3] }];
  yield ["1x1x1", { op, input: [2, 4, 5, 6, 7], filters: [9, 1, 1, 1, 7] }];
  yield ["1x1x1 strided", { op, input: [2, 4, 5, 6, 7], filters: [9, 1, 1, 1, 7], d: [2, 2, 2] }];
  yield ["one row, one column, one time", { op, input: [3, 1, 1, 1, 9], filters: [7, 1, 1, 1, 9] }];
  yield ["empty batch", { op, input: [0, 4, 5, 6, 3], filters: [2, 2, 2, 2, 3] }];
  yield ["no filters", { op, input: [2, 4, 5, 6, 3], filters: [0, 2, 2, 2, 3] }];
  yield ["no channels: the bias alone", { op, input: [2, 4, 5, 6, 0], filters: [4, 2, 2, 2, 0] }];
}

function* conv3d2d(): Generator<Row> {
  const op = "conv3d2d.conv3d" as const;
  for (const extent of around) {
    yield [`${extent} columns`, { op, input: [1, 2, 2, 3, extent], filters: [3, 2, 2, 1, 1] }];
    yield [`${extent} frames`, { op, input: [1, extent + 1, 2, 3, 4], filters: [2, 2, 2, 2, 2] }];
    yield [`${extent} filters`, { op, input: [2, 3, 3, 3, 4], filters: [extent, 2, 3, 2, 2] }];
    yield [`${extent} channels`, { op, input: [1, 3, extent, 4, 5], filters: [5, 2, extent, 2, 2] }];
  }
  for (const time of ["valid", "half", "full"] as const) {
    for (const space of ["valid", "half", "full"] as const) {
      const borderMode = [time, space, space] as const;
      yield [`${borderMode}`, { op, input: [2, 5, 3, 7, 6], filters: [4, 3, 3, 3, 5], borderMode }];
      yield [`${borderMode}, even filter`, { op, input: [2, 5, 3, 7, 6], filters: [4, 2, 3, 4, 2], borderMode }];
      yield [`${borderMode}, one channel`, { op, input: [2, 5, 1, 7, 6], filters: [4, 2, 1, 4, 2], borderMode }];
    }
  }
  yield ["one mode for all", { op, input: [2, 5, 3, 7, 6], filters: [4, 3, 3, 3, 5], borderMode: "half" }];
  yield ["filter longer than the signal", { op, input: [2, 2, 3, 4, 3], filters: [3, 5, 3, 6, 7], borderMode: "full" }];
  yield [
    "filter longer than the signal, half",
    { op, input: [1, 2, 2, 3, 3], filters: [2, 3, 2, 4, 5], borderMode: "half" },
  ];
  yield ["filter as large as the signal", { op, input: [2, 3, 4, 5, 6], filters: [3, 3, 4, 5, 6] }];
  yield ["one frame", { op, input: [3, 1, 4, 5, 6], filters: [3, 1, 4, 2, 2] }];
  yield ["one tap in time", { op, input: [2, 6, 4, 5, 6], filters: [3, 1, 4, 3, 3], borderMode: "full" }];
  yield ["one tap in space", { op, input: [2, 6, 4, 5, 6], filters: [3, 3, 4, 1, 1], borderMode: "half" }];
  yield ["all extents 1", { op, input: [1, 1, 1, 1, 1], filters: [1, 1, 1, 1, 1] }];
  yield ["empty batch", { op, input: [0, 4, 3, 5, 6], filters: [2, 2, 3, 2, 2] }];
  yield ["no filters", { op, input: [2, 4, 3, 5, 6], filters: [0, 2, 3, 2, 2] }];
  yield ["no channels", { op, input: [2, 4, 0, 5, 6], filters: [3, 2, 0, 2, 2] }];
}

function* filterActs(): Generator<Row> {
  const op = "c01b.filterActs" as const;
  for (const extent of [...around, 64, 127, 128]) {
    yield [`${extent} images`, { op, input: [3, 5, 4, extent], filters: [3, 3, 2, 5], pad: 1 }];
    yield [`${extent} images, one channel, 1x1`, { op, input: [1, 2, 3, extent], filters: [1, 1, 1, 3] }];
    yield [`${extent} filters`, { op, input: [3, 4, 5, 4], filters: [3, 2, 3, extent] }];
    yield [`${extent} channels`, { op, input: [extent, 4, 5, 3], filters: [extent, 3, 2, 4] }];
    yield [`${extent} columns, one image`, { op, input: [2, 3, extent + 2, 1], filters: [2, 3, 3, 4], pad: 1 }];
  }
  for (const stride of [1, 2, 3, 4, 5]) {
    // Every remainder at the edge, with a filter that is and one that is not the stride.
    for (let extent = 7; extent < 7 + stride; extent++) {
      for (const taps of new Set([stride, stride + 1, 5])) {
        const filters = [3, taps, taps + 1, 4] as const;
        yield [`${extent} under ${taps}, stride ${stride}`, { op, input: [3, extent, extent + 1, 6], filters, stride }];
        yield [
          `${extent} under ${taps}, stride ${stride}, pad 2`,
          { op, input: [3, extent, extent + 1, 6], filters, stride, pad: 2 },
        ];
      }
    }
  }
  yield ["windows wholly in the padding", { op, input: [2, 3, 4, 5], filters: [2, 2, 2, 3], pad: 6, stride: 2 }];
  yield ["padding larger than the image", { op, input: [2, 2, 3, 5], filters: [2, 5, 5, 3], pad: 9 }];
  yield ["filter as large as the image", { op, input: [3, 5, 6, 4], filters: [3, 5, 6, 7] }];
  yield ["filter larger than the image", { op, input: [3, 3, 4, 4], filters: [3, 6, 7, 3], pad: 2 }];
  yield ["the last window hangs over by all but one", { op, input: [1, 5, 5, 3], filters: [1, 4, 4, 2], stride: 4 }];
  yield ["all extents 1", { op, input: [1, 1, 1, 1], filters: [1, 1, 1, 1] }];
  yield ["an empty batch", { op, input: [3, 5, 6, 0], filters: [3, 2, 2, 4] }];
  yield ["no filters", { op, input: [3, 5, 6, 4], filters: [3, 2, 2, 0] }];
  yield ["no channels", { op, input: [0, 5, 6, 4], filters: [0, 2, 2, 4] }];
}

function* all(): Generator<NamedSpec> {
  let seed = 5000;
  for (const rows of [signal, conv3D, conv3d2d, filterActs]) {
    for (const [name, spec] of rows()) yield { name: `${spec.op}: ${name}`, spec: { ...spec, seed: seed++ } };
  }
}

export const opGrid: readonly NamedSpec[] = [...all()];
