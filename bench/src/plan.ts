/** How long everything is measured. */
export interface Plan {
  members: number;
  /** Each kind of load is measured this many times, in turn with the others. */
  rounds: number;
  warmUpS: number;
  loadS: number;
  yardstickS: number;
  calibrationS: number;
  readsS: number;
  /** Paced load during which latency, event lag and memory are watched. */
  steadyS: number;
  memoryEveryS: number;
}

export const FULL: Plan = {
  members: 4_000,
  rounds: 5,
  warmUpS: 3,
  loadS: 12,
  yardstickS: 12,
  calibrationS: 4,
  readsS: 6,
  steadyS: 300,
  memoryEveryS: 5,
};

/** For `--profile`: enough to see where the time goes. */
export const PROFILING: Plan = { ...FULL, members: 500, warmUpS: 3, loadS: 8 };

/** About two minutes. */
export const QUICK: Plan = {
  members: 2_000,
  rounds: 2,
  warmUpS: 2,
  loadS: 4,
  yardstickS: 4,
  calibrationS: 1,
  readsS: 2,
  steadyS: 15,
  memoryEveryS: 1,
};
