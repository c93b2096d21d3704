// Upload and read-back alone, as large as a case's operands.

/** The constants of the specification: not every runtime has them as globals. */
const USAGE = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, STORAGE: 0x80 } as const;
const MAP_READ_MODE = 1;

export interface Transfer {
  up(): Promise<undefined>;
  down(): Promise<undefined>;
  dispose(): void;
}

export function transferOf(device: GPUDevice, image: Float32Array, resultLength: number): Transfer {
  const bytes = 4 * resultLength;
  const x = device.createBuffer({ size: image.byteLength, usage: USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST });
  const y = device.createBuffer({ size: bytes, usage: USAGE.STORAGE | USAGE.COPY_SRC });
  const back = device.createBuffer({ size: bytes, usage: USAGE.MAP_READ | USAGE.COPY_DST });
  const copy = (from: GPUBuffer, size: number) => {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(from, 0, back, 0, size);
    device.queue.submit([encoder.finish()]);
  };
  return {
    async up() {
      device.queue.writeBuffer(x, 0, image as Float32Array<ArrayBuffer>);
      // Something that needs it: a write alone may stay in the queue.
      copy(x, 4);
      await device.queue.onSubmittedWorkDone();
      return undefined;
    },
    async down() {
      copy(y, bytes);
      await back.mapAsync(MAP_READ_MODE);
      new Float32Array(back.getMappedRange()).slice();
      back.unmap();
      return undefined;
    },
    dispose() {
      for (const buffer of [x, y, back]) buffer.destroy();
    },
  };
}
