/**
 * The argument blocks of every kernel: one definition, read by both compilers.
 *
 * A block is a run of 32-bit little-endian words; the constants below are byte offsets into it. Pointers and strides
 * are bytes, extents are elements, and every stride may be negative (addresses wrap modulo 2^32). AssemblyScript is
 * a subset of TypeScript, so the kernels and the host import this very file and cannot disagree.
 *
 * Index names, here and in every kernel: n image, g group, k filter of the group, c channel of the group,
 * (z, y, x) space; a 2-D op has depth 1.
 */

// --- convolution: direct_pixels, direct_filters, gather, depthwise, separable, fft, winograd, unshared, unshared_inputs ------

/** Operands. `CONV_BIAS` is 0 when there is none. */
export const CONV_X = 0;
export const CONV_W = 4;
export const CONV_Y = 8;
export const CONV_BIAS = 12;

/** Table of term offsets: for term j of a block, the bytes from a pixel's base to its operand. */
export const CONV_TERMS = 16;
/** Table of filter panels: `panels + 1` first filters, ascending; panel p holds filters `[t[p], t[p + 1])`. */
export const CONV_PANELS = 20;

export const CONV_ACTIVATION = 24;
export const ACTIVATION_LINEAR = 0;
export const ACTIVATION_RELU = 1;
export const ACTIVATION_TANH = 2;
export const ACTIVATION_SIGMOID = 3;

/** Extents of the sum. */
export const CONV_BATCH = 28;
export const CONV_GROUPS = 32;
export const CONV_FILTERS = 36;
export const CONV_CHANNELS = 40;

/** Space: three words each, in the order z, y, x. `LOW` is the padding before the axis and may be negative. */
export const CONV_IN = 44;
export const CONV_OUT = 56;
export const CONV_TAPS = 68;
export const CONV_STRIDE = 80;
export const CONV_DILATION = 92;
export const CONV_LOW = 104;

/** Byte strides: batch, group, channel (or filter), z, y, x. */
export const CONV_X_STRIDES = 116;
export const CONV_Y_STRIDES = 140;

/** Bytes from one group's packed filters to the next. */
export const CONV_W_GROUP = 164;
/** Filters of one group including the padding of the last panel. */
export const CONV_W_WIDTH = 168;

/** Blocking: channels of one input tile (its terms are in `CONV_TERMS`); images, groups and output space per tile. */
export const CONV_BLOCK_CHANNELS = 172;
export const CONV_TILE_BATCH = 176;
export const CONV_TILE_GROUPS = 180;
export const CONV_TILE_ROWS = 184;
export const CONV_TILE_COLUMNS = 188;
/** Panels of a group, and the number of runs they (or, without panels, filters; of `gather` channels) are cut into for scheduling. */
export const CONV_PANEL_COUNT = 192;
export const CONV_PANEL_RUNS = 196;

/** Register tile: rows (filters, pixels or output rows, by form) and vectors. */
export const CONV_TILE_MR = 200;
export const CONV_TILE_NV = 204;

/** Bytes from an output's first operand to that of the output one row, one column further. */
export const CONV_ROW_STEP = 208;
export const CONV_COLUMN_STEP = 212;

/**
 * The input tile in scratch, if `CONV_PACKED`; x is read in place otherwise. Each axis of it (three words each: z, y, x) is
 * `RUNS` runs of `PLACES` positions: place p of run i is input index `start of the tile + i · RUN_START + p · RUN_STEP`.
 * One run of step 1 is a plain copy; `stride` runs of step `stride` are phases, which make strided columns contiguous;
 * one run per tap leaves out what a wide dilation or stride would skip.
 */
export const CONV_PACKED = 216;
export const CONV_RUNS = 220;
export const CONV_RUN_START = 232;
export const CONV_RUN_STEP = 244;
export const CONV_PLACES = 256;
/** Its byte pitches: channel, run of z, run of y, place of y (a row), run of x. */
export const CONV_PITCHES = 268;

/** Scratch regions, from its start: the input tile, the accumulators, the pixel table. Zeros stand at 0. */
export const CONV_SCRATCH_X = 288;
export const CONV_SCRATCH_ACC = 292;
export const CONV_SCRATCH_PIXELS = 296;

/** Unshared filters, and gradients with respect to filters: byte strides of w over group, filter, channel, taps z y x, output y, output x. */
export const CONV_W_STRIDES = 300;

/**
 * `separable` only: what stands between the two passes. Its place in scratch, the bytes of its rows, and their elements: all of
 * them where the input is packed, else those beyond the columns of the tile.
 */
export const CONV_BETWEEN = 332;
export const CONV_BETWEEN_ROW = 336;
export const CONV_BETWEEN_COLUMNS = 340;

/** `fft` only: the transform's table, below. */
export const CONV_TRANSFORM = 344;

/** `direct` only: terms of one block; the terms of an input tile are cut into such blocks. */
export const CONV_BLOCK_TERMS = 348;

/** `winograd` only: outputs of a transform along an axis, 2 or 4; see CONV_POINTS for its inputs. */
export const CONV_SIDE = 352;
/** The numbers of the transforms: 2, 1/2, 5/2, √½, √2; √½/3, √2/3, 1/3. */
export const CONV_NUMBERS = 356;
/**
 * Transformed input of a unit (the tiles of a rectangle, images one after the other): [point][panel of tiles][frame][channel][block of taps][tile of
 * the panel], with CONV_SIDE_Z = 4 six frames for each four outputs in z.
 * Bytes of a point, of a panel, of a unit; frames of it.
 */
export const CONV_V_POINT = 360;
export const CONV_V_PANEL = 364;
export const CONV_V_UNIT = 368;
export const CONV_FRAMES = 372;
/** The products of a unit: bytes of a point, and of the register tile of one panel of filters and one of tiles. */
export const CONV_M_POINT = 376;
export const CONV_M_SLOT = 380;
/** Bytes of a point of a group's transformed filters. */
export const CONV_W_POINT = 384;
/** Panels of filters that are multiplied before their outputs are transformed. */
export const CONV_PASS_PANELS = 388;
/** Scratch: the list of tiles, rows transformed along y, the unit (where it is not kept for other tiles), the products. */
export const CONV_SCRATCH_TILES = 392;
export const CONV_SCRATCH_ROWS = 396;
export const CONV_SCRATCH_V = 400;
export const CONV_SCRATCH_M = 404;

/**
 * `correlate` only. Here w is what is written, the gradient with respect to the filters, and y what is read, that with respect to the
 * outputs. A row is a channel and a tap; the rows of `CONV_BLOCK_CHANNELS` channels are cut into `CONV_ROW_RUNS` runs. A piece is what a
 * tile takes from y at a time; all pieces are cut into `CONV_BLOCKS` blocks, whose sums stand `CONV_BLOCK_STEP` bytes apart.
 */
export const CONV_ROW_RUNS = 408;
export const CONV_BLOCKS = 412;
export const CONV_BLOCK_STEP = 416;
/** Bytes from the copy of an image to that of the next one of the piece. */
export const CONV_IMAGE_STEP = 420;
/** Scratch: the piece of what lanes run over, packed; where the splatted rows of a register tile begin. */
export const CONV_SCRATCH_Y = 424;
export const CONV_SCRATCH_STARTS = 428;
/**
 * Rows are splatted and lanes run over filters, or, `CONV_TURNED`, the other way. Of what is splatted and of what has the lanes: where each
 * of them begins in its operand and in w, and the operand's steps from an image, a row, a column to the next.
 */
export const CONV_TURNED = 432;
export const CONV_SPLATS = 436;
export const CONV_SPLATS_W = 440;
export const CONV_SPLAT_STEPS = 444;
export const CONV_LANES = 456;
export const CONV_LANES_W = 460;
export const CONV_LANE_STEPS = 464;
/** `winograd_gradient` only: a block that describes y as if it were x. Places: of filters among the transformed ones, of taps in w. */
export const CONV_GRADIENT = 476;
/** Bytes of a packed panel of lanes, if all of them are kept, else 0. */
export const CONV_LANE_PANEL = 480;

/** `winograd` only: inputs and elements of a transform along an axis: 4 or 6, or 9 with stride 2. A *point* is one of their square. */
export const CONV_POINTS = 484;

/**
 * `depthwise` only: 1 or 2, the stride of filters of 3×3 taps that nine-taps.ts serves, else 0. It reads x in place beyond the borders too,
 * so many bytes before its first element and after its last at most, and what it reads there does not count.
 */
export const CONV_NINE_TAPS = 488;
export const MOST_BEFORE = 32;
export const MOST_AFTER = 128;
/** Masks beyond the columns of the outputs and the last tap: what a vector, or two with stride 2, reads on. */
export const MASKS_AFTER = 8;

/** `winograd`, `direct_pixels`: filters come from so far away that they are asked for before they are multiplied (ahead.ts; those kept as rows always are). */
export const CONV_FETCHES = 492;
/** The line of scratch with the record of it: of `direct` after the zeros, of `winograd` before CONV_SCRATCH_ROWS. */
export const AHEAD_LINE = 64;
/** Bytes before that record, for the sums of a lone tile: six vectors. */
export const LONE_SUMS = 128;
/** `winograd` only: outputs of a tile in z, 1, or 4 of six transformed frames. */
export const CONV_SIDE_Z = 496;

/** `direct_pixels` only: register tiles of a row that are computed one after the other with the same filters. */
export const CONV_ROW_TILES = 500;

/**
 * `winograd` only: filters of more taps than three on an axis are cut into blocks of 3 × 3, each a term of its own. How many there are in y and in x; a table
 * of where each meets a tile of the input, in bytes, first those in y; terms of a frame, which is channels times blocks.
 */
export const CONV_TAP_BLOCKS = 504;
export const CONV_TAP_STARTS = 512;
export const CONV_FRAME_TERMS = 516;
/**
 * `winograd` only, or 0: filters are kept transformed along y only, three taps of each row of points; the rest is done whenever they are multiplied,
 * of so many panels at a time.
 */
export const CONV_W_ROWS = 520;

/**
 * `strassen` only: pixels that follow each other in a half. It has its products where `winograd` has points: CONV_V_POINT, _PANEL, CONV_M_POINT, _SLOT,
 * CONV_W_POINT, PACK_POINT, CONV_PASS_PANELS, and in scratch CONV_SCRATCH_V and _M; CONV_SCRATCH_ROWS are two rows of a pair of halves.
 */
export const STRASSEN_HALF = 8;

export const CONV_BYTES = 524;

/** Bytes at the start of scratch that kernels keep zero: the largest register tile. */
export const ZERO_BYTES = 256;

// --- pack_filters ----------------------------------------------------------------------------------------------------

export const PACK_SOURCE = 0;
export const PACK_TARGET = 4;
export const PACK_PANELS = 8;
export const PACK_PANEL_COUNT = 12;
/** Panel widths are rounded up to a multiple of this, the rest filled with zeros. */
export const PACK_ALIGN = 16;
export const PACK_WIDTH = 20;
export const PACK_GROUP = 24;
export const PACK_CHANNELS = 28;
/** Terms of one block, and the order in which they follow each other. */
export const PACK_BLOCK_TERMS = 32;
export const PACK_TAPS = 36;
/** Byte strides of the source: group, filter, channel, z, y, x. */
export const PACK_STRIDES = 48;

/** 0: channels outermost (c, z, y, x); 1: channels innermost (z, y, x, c). */
export const PACK_CHANNELS_LAST = 72;
/** `fft_filters` only: the transform's table. */
export const PACK_TRANSFORM = 76;

/** `winograd_filters` only: see CONV_POINTS, CONV_W_POINT. */
export const PACK_POINTS = 80;
export const PACK_POINT = 84;
/** Blocks of 3 × 3 taps in y and x, the first tap of each, first those in y, and how many taps the three of a block are apart in y and x. */
export const PACK_TAP_BLOCKS = 88;
export const PACK_TAP_STARTS = 96;
export const PACK_TAP_STEPS = 100;
/** `winograd_filters` only: along y only; see CONV_W_ROWS. */
export const PACK_ROWS = 108;

export const PACK_BYTES = 112;

// --- sum_blocks --------------------------------------------------------------------------------------------------------

export const SUM_SOURCE = 0;
export const SUM_TARGET = 4;
/** Elements of a block, and of a tile. */
export const SUM_COUNT = 8;
export const SUM_TILE = 12;
/** Blocks, and the bytes from one to the next. */
export const SUM_BLOCKS = 16;
export const SUM_STEP = 20;

export const SUM_BYTES = 24;

// --- transform: the table that fft and fft_filters share; offsets in it count from its own start -----------------------

/** Points of a plane: rows and columns. */
export const FFT_ROWS = 0;
export const FFT_COLUMNS = 4;
/** A plane in scratch: bytes of a row, which holds real and then imaginary parts, and bytes from one to the other. */
export const FFT_PITCH = 8;
export const FFT_IMAGINARY = 12;
/** Lists of stages for transforms along columns (y) and along rows (x). */
export const FFT_STAGES_Y = 16;
export const FFT_STAGES_X = 20;
/** Vectors of columns that are transformed side by side. */
export const FFT_VECTORS = 24;
/** Scratch: the plane, the buffer of a sweep, the plane's spectrum (where several filters need it). */
export const FFT_PLANE = 28;
export const FFT_BUFFER = 32;
export const FFT_SPECTRUM = 36;
/** A filter as it is kept: its spectrum, `TAPS` bytes on its taps, `FLAG` bytes on 1 where it may be transformed; `FILTER` bytes in all. */
export const FFT_FILTER = 40;
export const FFT_TAPS = 44;
export const FFT_FLAG = 48;
/** Numbers of radix 3 and 5: 1/2, sin 60°, cos 72°, cos 144°, sin 72°, sin 144°; and, seventh, 1 / points. */
export const FFT_CONSTANTS = 52;
export const FFT_BYTES = 56;

/** A list of stages: their count, the points of the transform, then the stages, largest blocks first. */
export const STAGES_COUNT = 0;
export const STAGES_POINTS = 4;
export const STAGES_FIRST = 8;
/** A stage: radix, length of its blocks, and its twiddles: for each j those of outputs 1 … radix − 1, real and imaginary part. */
export const STAGE_RADIX = 0;
export const STAGE_LENGTH = 4;
export const STAGE_TWIDDLES = 8;
export const STAGE_BYTES = 12;

/** Magnitudes that are transformed; outside of them spectra could overflow, or be lost. Others are summed directly. */
export const FFT_LEAST = 9.094947017729282e-13; // 2^−40
export const FFT_MOST = 1099511627776.0; // 2^40
