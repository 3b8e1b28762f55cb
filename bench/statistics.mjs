// Medians and means. Where nothing was measured, the answer is NaN.
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length === 0 ? NaN : sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Of the values that were measured. */
export function geometricMean(values) {
  const measured = values.filter(Number.isFinite);
  return measured.length === 0 ? NaN : Math.exp(measured.reduce((sum, value) => sum + Math.log(value), 0) / measured.length);
}

/** How far apart the rounds are: largest over smallest, less 1. */
export const spread = (values) => (values.length === 0 ? NaN : Math.max(...values) / Math.min(...values) - 1);
