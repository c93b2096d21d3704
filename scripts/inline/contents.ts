/** What the build puts in the place of these names. */
declare const SIMD: string;
declare const RELAXED: string;
declare const WORKER: string;

/** Kernels, as base64 of zlib's format: gzipped again for the way, that is as small as the binary gzipped. */
export const simd: string = SIMD;
export const relaxed: string = RELAXED;
/** The bundled script. */
export const worker: string = WORKER;
