/** Softmax and the loss −log p of the true class, with the gradient of their mean over a batch. */
import type { Numbers } from "./layer.ts";

/**
 * `scores` has `classes` numbers for each image, and so has `gradient`, which takes (p − [true class]) / N.
 * @returns the mean loss over the batch, whose size is that of `labels`.
 */
export function crossEntropy(scores: Numbers, labels: Uint8Array, classes: number, gradient: Numbers): number {
  const images = labels.length;
  let loss = 0;
  for (let n = 0; n < images; n++) {
    const own = scores.subarray(n * classes, (n + 1) * classes);
    const greatest = Math.max(...own);
    let sum = 0;
    for (const score of own) sum += Math.exp(score - greatest);
    loss += Math.log(sum) - (own[labels[n]] - greatest);
    for (let k = 0; k < classes; k++) {
      const probability = Math.exp(own[k] - greatest) / sum;
      gradient[n * classes + k] = (probability - (k === labels[n] ? 1 : 0)) / images;
    }
  }
  return loss / images;
}

/** How many of the first `labels.length` images have their greatest score where their label says. */
export function countCorrect(scores: Numbers, labels: Uint8Array, classes: number): number {
  let correct = 0;
  for (let n = 0; n < labels.length; n++) {
    const own = scores.subarray(n * classes, (n + 1) * classes);
    if (own.indexOf(Math.max(...own)) === labels[n]) correct++;
  }
  return correct;
}
