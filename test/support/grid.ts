// Named edge cases of nnet.conv2d, after XNNPACK's testers: exactly a tile, a multiple, fewer, more; and every odd
// corner of the options. Tiles are 1 to 12 pixels or filters here whatever the plan's tile is, so that a change of
// tile cannot move an edge out of the grid.
import type { Spec } from "./spec.ts";

export interface NamedSpec {
  readonly name: string;
  readonly spec: Spec;
}

type Loose = Omit<Spec, "seed">;

const single: Loose = { input: [1, 3, 5, 7], filters: [4, 3, 3, 3] };

function* grid(): Generator<readonly [string, Loose]> {
  for (let tile = 1; tile <= 13; tile++) {
    // A vector has 2 or 4 elements, so tile · 4 ± 1 pixels covers tiles of vectors too.
    for (const pixels of new Set([tile, 4 * tile - 1, 4 * tile, 4 * tile + 1])) {
      yield [`${pixels} pixels in a row`, { input: [1, 2, 1, pixels], filters: [3, 2, 1, 1] }];
      yield [`${pixels} pixels, 3x3`, { input: [1, 2, 3, pixels], filters: [2, 2, 3, 3], borderMode: "half" }];
    }
    for (const filters of new Set([tile, 4 * tile - 1, 4 * tile, 4 * tile + 1])) {
      yield [`${filters} filters`, { input: [1, 3, 3, 5], filters: [filters, 3, 2, 2] }];
      yield [`${filters} filters on one pixel`, { input: [2, 3, 3, 3], filters: [filters, 3, 3, 3] }];
    }
  }
  for (const prime of [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]) {
    yield [`prime ${prime}`, { input: [1, 3, prime, prime], filters: [prime, 3, 2, 2], borderMode: "full" }];
  }
  yield ["all extents 1", { input: [1, 1, 1, 1], filters: [1, 1, 1, 1] }];
  yield ["one pixel under a large filter", { input: [1, 2, 1, 1], filters: [2, 2, 7, 5], borderMode: "full" }];
  yield ["filter as large as the image", { input: [2, 3, 6, 9], filters: [5, 3, 6, 9] }];
  yield ["filter as large as the image, strided", { input: [2, 3, 6, 9], filters: [5, 3, 6, 9], subsample: [3, 4] }];
  yield ["filter larger than the image", { input: [1, 2, 3, 4], filters: [3, 2, 7, 9], borderMode: [3, 4] }];
  yield ["stride larger than the filter", { input: [1, 3, 17, 19], filters: [4, 3, 2, 2], subsample: [5, 7] }];
  yield ["stride larger than the image", { input: [1, 3, 4, 5], filters: [4, 3, 2, 2], subsample: [9, 9] }];
  for (const stride of [1, 2, 3, 4, 5] as const) {
    for (const width of [31, 32, 33]) {
      const filters = [5, 2, 3, 3] as const;
      yield [
        `stride ${stride}, width ${width}`,
        { input: [1, 2, 9, width], filters, subsample: [stride, stride], borderMode: 1 },
      ];
    }
  }
  yield ["padding larger than the filter", { ...single, borderMode: 6 }];
  yield ["padding larger than the image", { ...single, borderMode: [11, 13] }];
  yield ["padding at one side only: top", { ...single, borderMode: [[4, 0], 0] }];
  yield ["padding at one side only: bottom", { ...single, borderMode: [[0, 4], 0] }];
  yield ["padding at one side only: left", { ...single, borderMode: [0, [4, 0]] }];
  yield ["padding at one side only: right", { ...single, borderMode: [0, [0, 4]] }];
  yield [
    "asymmetric pads",
    {
      ...single,
      borderMode: [
        [3, 1],
        [0, 5],
      ],
      subsample: [2, 3],
    },
  ];
  yield ["half, even filter", { ...single, filters: [4, 3, 2, 4], borderMode: "half" }];
  yield ["half, even dilated filter", { ...single, filters: [4, 3, 2, 2], borderMode: "half", filterDilation: [2, 3] }];
  yield ["full, dilated and strided", { ...single, borderMode: "full", filterDilation: [2, 3], subsample: [2, 2] }];
  yield ["dilation larger than the image", { ...single, borderMode: 20, filterDilation: [9, 11] }];
  yield ["dilation without padding", { input: [1, 2, 15, 17], filters: [3, 2, 3, 2], filterDilation: [5, 9] }];
  yield ["empty batch", { ...single, input: [0, 3, 5, 7] }];
  yield ["no filters", { ...single, filters: [0, 3, 3, 3] }];
  yield ["no channels", { ...single, input: [2, 0, 5, 7], filters: [4, 0, 3, 3] }];
  yield ["no channels, bias", { ...single, input: [2, 0, 5, 7], filters: [4, 0, 3, 3], bias: true }];
  for (const groups of [2, 3, 4]) {
    const [input, filters] = [
      [2, groups * 3, 6, 7],
      [groups * 5, 3, 3, 3],
    ] as const;
    yield [`${groups} groups`, { input, filters, numGroups: groups, borderMode: "half" }];
    yield [
      `${groups} groups of one channel`,
      { input: [2, groups, 6, 7], filters: [groups, 1, 3, 3], numGroups: groups },
    ];
  }
  for (const multiplier of [1, 2, 3, 5]) {
    const [input, filters] = [
      [2, 6, 9, 19],
      [6 * multiplier, 1, 3, 3],
    ] as const;
    yield [`depthwise, multiplier ${multiplier}`, { input, filters, numGroups: 6, borderMode: "half" }];
    yield [
      `depthwise strided, multiplier ${multiplier}`,
      { input, filters, numGroups: 6, borderMode: 1, subsample: [2, 2] },
    ];
    yield [
      `depthwise 5x5 dilated, multiplier ${multiplier}`,
      { input, filters: [6 * multiplier, 1, 5, 5], numGroups: 6, borderMode: "full", filterDilation: [2, 2] },
    ];
  }
  for (const channels of [31, 40, 57, 64, 70]) {
    yield [`${channels} channels, 3x3`, { input: [1, channels, 6, 15], filters: [9, channels, 3, 3], borderMode: 1 }];
    yield [
      `${channels} channels, 3x3 strided`,
      { input: [1, channels, 9, 11], filters: [7, channels, 3, 3], subsample: [2, 2] },
    ];
  }
  yield ["600 channels, 1x1", { input: [1, 600, 3, 5], filters: [10, 600, 1, 1] }];
  yield ["tall and thin", { input: [1, 2, 67, 1], filters: [3, 2, 5, 1] }];
  yield ["short and wide", { input: [1, 2, 1, 67], filters: [3, 2, 1, 5] }];
  yield ["the seed's case", { input: [1, 1, 6, 6], filters: [1, 1, 4, 4] }];
  yield ["the seed's case, batch 10", { input: [10, 1, 6, 6], filters: [1, 1, 4, 4] }];
  yield ["many filters, small map", { input: [1, 8, 7, 7], filters: [67, 8, 3, 3], borderMode: 1 }];
  yield ["unshared", { ...single, unshared: true }];
  yield [
    "unshared, groups",
    { input: [2, 4, 6, 7], filters: [6, 2, 2, 3], numGroups: 2, unshared: true, borderMode: "half" },
  ];
  yield [
    "unshared, everything",
    {
      input: [3, 4, 6, 9],
      filters: [6, 2, 2, 3],
      numGroups: 2,
      unshared: true,
      borderMode: [[1, 2], 3],
      subsample: [2, 3],
      filterDilation: [2, 1],
      bias: true,
      activation: "relu",
    },
  ];
  yield ["bias and relu", { ...single, bias: true, activation: "relu", borderMode: "half" }];
}

export const edgeGrid: readonly NamedSpec[] = [...grid()].map(([name, spec], i) => ({
  name,
  spec: { ...spec, seed: 1 + i },
}));
