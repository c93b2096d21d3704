/** Softmax and the loss −log p of the true class, with the gradient of their mean over a batch. */
import type { Numbers } from "./layer.ts";

/** exp score ∕ Σ exp scores, and log Σ exp scores; the greatest is taken off first, so that nothing overflows. */
export function softmax(scores: Numbers): { readonly probabilities: Float64Array; readonly logSum: number } {
  const greatest = Math.max(...scores);
  const probabilities = Float64Array.from(scores, (score) => Math.exp(score - greatest));
  const sum = probabilities.reduce((all, one) => all + one, 0);
  for (let k = 0; k < probabilities.length; k++) probabilities[k] /= sum;
  return { probabilities, logSum: greatest + Math.log(sum) };
}

/**
 * `scores` has `classes` numbers for each image, and so has `gradient`, which takes (p − [true class]) / N.
 * @returns the mean loss over the batch, whose size is that of `labels`.
 */
export function crossEntropy(scores: Numbers, labels: Uint8Array, classes: number, gradient: Numbers): number {
  const images = labels.length;
  let loss = 0;
  for (let n = 0; n < images; n++) {
    const own = scores.subarray(n * classes, (n + 1) * classes);
    const { probabilities, logSum } = softmax(own);
    loss += logSum - own[labels[n]];
    for (let k = 0; k < classes; k++) {
      gradient[n * classes + k] = (probabilities[k] - (k === labels[n] ? 1 : 0)) / images;
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
