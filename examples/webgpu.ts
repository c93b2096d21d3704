import { createEngine, tensor } from "simdconv";

// Where there is no WebGPU (Node, say) the same lines compute with WebAssembly, in the engine's own memory.
const device = (globalThis.navigator as Navigator | undefined)?.gpu ? "webgpu" : "wasm";
await using engine = await createEngine();
const there = (shape: readonly number[]) => engine.tensor(shape, { device });
const [images, hidden, maps] = [there([1, 3, 64, 64]), there([1, 16, 62, 62]), there([1, 8, 60, 60])];
const first = tensor(new Float32Array(16 * 3 * 9).fill(1), [16, 3, 3, 3]);
const second = tensor(new Float32Array(8 * 16 * 9).fill(1), [8, 16, 3, 3]);

await images.write(new Float32Array(images.size).fill(1));
await engine.nnet.conv2d(images, first, { out: hidden }); // resolves when the GPU has accepted the work
await engine.nnet.conv2d(hidden, second, { out: maps }); // nothing goes up but the filters, nothing comes down,
const result = await maps.read(); // until it is read
console.log(maps.shape, new Set(result)); // [ 1, 8, 60, 60 ] Set(1) { 3888 }
