import type { Platform } from './platform.js';
export class StepFailed extends Error {}
export async function tellStory(_platform: Platform): Promise<void> {}
export function samplePurchase(_platform: Platform): unknown {
  return {};
}
