// What every consumer does with the package that it imported: convolutions of integers, held against plain loops; of one engine with
// workers too. Resolves to a line that says how they were computed.
const [C, H, W, O, SIZE] = [4, 40, 40, 6, 5];
const image = Float32Array.from({ length: C * H * W }, (_, i) => (i * 7) % 11);
const bank = Float32Array.from({ length: O * C * SIZE * SIZE }, (_, i) => ((i * 5) % 9) - 4);

function expected() {
  const [rows, columns] = [H - SIZE + 1, W - SIZE + 1];
  const y = new Float32Array(O * rows * columns);
  for (let o = 0; o < O; o++)
    for (let r = 0; r < rows; r++)
      for (let s = 0; s < columns; s++) {
        let sum = 0;
        for (let c = 0; c < C; c++)
          for (let i = 0; i < SIZE; i++)
            for (let j = 0; j < SIZE; j++) {
              const x = image[(c * H + r + SIZE - 1 - i) * W + s + SIZE - 1 - j];
              sum += bank[((o * C + c) * SIZE + i) * SIZE + j] * x;
            }
        y[(o * rows + r) * columns + s] = sum;
      }
  return y.join();
}

// `options` for a bundler that cannot find the files by itself: then there is no shared engine.
export async function prove({ createEngine, nnet, signal, tensor }, options) {
  const [x, w, y] = [tensor(image, [1, C, H, W]), tensor(bank, [O, C, SIZE, SIZE]), expected()];
  const check = (what, result, right = y) => {
    if (result.data.join() !== right) throw new Error(`${what}: wrong`);
  };
  const engine = await createEngine({ workers: 2, ...options });
  // signal.conv2d is loaded when it is first called.
  const families = options ? [engine] : [engine, { nnet, signal }];
  for (const ops of families) {
    check("nnet.conv2d", await ops.nnet.conv2d(x, w));
    check("signal.conv2d", await ops.signal.conv2d(tensor([0, 1, 0], [1, 3]), tensor([1, 2], [1, 2])), "1,2");
  }
  for (const end = performance.now() + 20_000; ; ) {
    check("with workers", await engine.nnet.conv2d(x, w, { openmp: true }));
    const { using, why } = engine.capabilities();
    if (using.workers < 2 && !why.workers && performance.now() < end) await new Promise((next) => setTimeout(next, 5));
    else {
      engine.dispose();
      return `exact on ${using.binary} with ${using.workers} workers over ${using.memory} memory; ${why.workers ?? "all there"}`;
    }
  }
}
