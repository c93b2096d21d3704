// How long a pass took by the GPU's own clock, where the device has timestamp-query.
import { type Recording, replay } from "../gpu/recorder.ts";

const USAGE = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, QUERY_RESOLVE: 0x200 } as const;
const MAP_READ_MODE = 1;

/** Milliseconds of one run of the recording, of `times` in one pass. */
export async function timeByGpu(device: GPUDevice, recording: Recording, times: number): Promise<number> {
  const querySet = device.createQuerySet({ type: "timestamp", count: 2 });
  const resolved = device.createBuffer({ size: 16, usage: USAGE.QUERY_RESOLVE | USAGE.COPY_SRC });
  const back = device.createBuffer({ size: 16, usage: USAGE.MAP_READ | USAGE.COPY_DST });
  try {
    await replay(device, recording, times, { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 });
    const encoder = device.createCommandEncoder();
    encoder.resolveQuerySet(querySet, 0, 2, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, back, 0, 16);
    device.queue.submit([encoder.finish()]);
    await back.mapAsync(MAP_READ_MODE);
    const [from, to] = new BigUint64Array(back.getMappedRange().slice(0));
    return Number(to - from) / 1e6 / times;
  } finally {
    querySet.destroy();
    for (const buffer of [resolved, back]) buffer.destroy();
  }
}
